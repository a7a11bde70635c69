/**
 * TLS to servers that speak it from the first byte, by the files of a `TLS` object. MySQL's own
 * protocol begins in clear, and its client library has another way (`mysql/connection.ts`).
 */
import { isIP } from 'node:net';
import {
  type ConnectionOptions,
  checkServerIdentity,
  createSecureContext,
  type SecureContext,
} from 'node:tls';
import type { SslOptions } from 'mysql2';
import { monotonicMs } from './clock.js';
import { TlsMaterial, type TlsSettings } from './mysql/tls.js';

export class TlsClient {
  readonly #material: TlsMaterial;
  #options: SslOptions | undefined;
  #context: SecureContext | undefined;

  /** `key`: of the configuration, for errors. */
  constructor(settings: TlsSettings, key: string) {
    this.#material = new TlsMaterial(settings, key);
  }

  /**
   * For `tls.connect`, to a server whose certificate must be for `host`, a name or an address.
   * Throws when a file cannot be read or used, by its key.
   */
  optionsFor(host: string): ConnectionOptions {
    const options = this.#material.options(monotonicMs());
    if (this.#context === undefined || options !== this.#options) {
      const { ca, cert, key } = options;
      this.#context = createSecureContext({ ca, cert, key });
      this.#options = options;
    }
    const name = this.#material.serverName || host;
    return {
      secureContext: this.#context,
      rejectUnauthorized: options.rejectUnauthorized !== false,
      // An address is no name for the extension (RFC 6066, section 3).
      ...(isIP(name) === 0 ? { servername: name } : {}),
      checkServerIdentity: (_host, certificate) => checkServerIdentity(name, certificate),
    };
  }
}
