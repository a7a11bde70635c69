/** Certificates for tests, made by openssl. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

export interface Certificate {
  readonly certFile: string;
  readonly keyFile: string;
}

export class CertificateAuthority {
  readonly #directory: string;
  readonly #own: Certificate;

  private constructor(directory: string) {
    this.#directory = directory;
    this.#own = { certFile: join(directory, 'ca.pem'), keyFile: join(directory, 'ca.key') };
  }

  static async create(name: string): Promise<CertificateAuthority> {
    const authority = new CertificateAuthority(await mkdtemp(join(tmpdir(), 'freno-ca-')));
    const { certFile, keyFile } = authority.#own;
    await openssl(
      ...['req', '-x509', ...KEY, '-days', '2', '-subj', `/CN=${name}`],
      ...['-keyout', keyFile, '-out', certFile],
    );
    return authority;
  }

  get caFile(): string {
    return this.#own.certFile;
  }

  /** A certificate for these names, each as `DNS:name` or `IP:address`. */
  async issue(name: string, ...alternatives: string[]): Promise<Certificate> {
    const file = (suffix: string): string => join(this.#directory, `${name}.${suffix}`);
    const [certFile, keyFile] = [file('pem'), file('key')];
    await writeFile(file('ext'), `subjectAltName=${alternatives.join(',')}\n`);
    await openssl(
      ...['req', ...KEY, '-subj', `/CN=${name}`],
      ...['-keyout', keyFile, '-out', file('csr')],
    );
    await openssl(
      ...['x509', '-req', '-in', file('csr'), '-CA', this.#own.certFile, '-CAkey'],
      ...[this.#own.keyFile, '-CAcreateserial', '-days', '2', '-extfile', file('ext')],
      ...['-out', certFile],
    );
    return { certFile, keyFile };
  }

  async remove(): Promise<void> {
    await rm(this.#directory, { recursive: true, force: true });
  }
}

async function openssl(...parameters: string[]): Promise<void> {
  await run('openssl', parameters);
}
