/** The files of HTTP over TLS, which may be replaced while freno runs. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { ListenTlsSettings } from '../../contracts/http.js';

export class CertificateFiles {
  readonly #names: readonly string[];
  #digest = '';

  /** `tls` null: there are none, and they never change. */
  constructor(tls: ListenTlsSettings | null) {
    const names = tls === null ? [] : [tls.certFile, tls.keyFile, tls.clientCaFile];
    this.#names = names.filter((name) => name !== '');
  }

  /** Since the last call; true at the first one. Rejects when a file cannot be read. */
  async hasChanged(): Promise<boolean> {
    const hash = createHash('sha256');
    for (const name of this.#names) hash.update(await readFile(name)).update('\0');
    const before = this.#digest;
    this.#digest = hash.digest('hex');
    return this.#digest !== before;
  }
}
