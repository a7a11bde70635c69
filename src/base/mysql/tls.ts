/** TLS to MySQL servers: the files of the settings, as options of the client library. */
import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import type { SslOptions } from 'mysql2';
import { FrenoError, messageOf } from '../errors.js';

/** TLS to a MySQL server. Files are read by the thread that connects. */
export interface TlsSettings {
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
  /** Name to verify instead of the host's; empty: the host's. */
  readonly serverName: string;
  readonly skipVerify: boolean;
}

/**
 * A new connection reads the files again when they were read longer ago than this: certificates are
 * renewed in place.
 */
const RELOAD_AFTER_MS = 10_000;

/** The TLS settings of one cluster, or of the backend. */
export class TlsMaterial {
  readonly #settings: TlsSettings;
  #options: SslOptions | undefined;
  #readAtMs = Number.NEGATIVE_INFINITY;

  constructor(settings: TlsSettings) {
    this.#settings = settings;
  }

  /** Name to verify instead of the host's; empty: the host's. */
  get serverName(): string {
    return this.#settings.serverName;
  }

  /**
   * The same object as long as the files are the same: the client library keeps one context per
   * object. Throws `RESOURCE`, naming the file, when one cannot be read.
   */
  options(nowMs: number): SslOptions {
    if (this.#options === undefined || nowMs - this.#readAtMs >= RELOAD_AFTER_MS) {
      const options = readOptions(this.#settings);
      if (!isDeepStrictEqual(options, this.#options)) this.#options = options;
      this.#readAtMs = nowMs;
    }
    return this.#options!;
  }
}

function readOptions(settings: TlsSettings): SslOptions {
  const { caFile, certFile, keyFile, skipVerify } = settings;
  return {
    ...(caFile !== '' && { ca: readText('CAFile', caFile) }),
    ...(certFile !== '' && { cert: readText('CertFile', certFile) }),
    ...(keyFile !== '' && { key: readText('KeyFile', keyFile) }),
    rejectUnauthorized: !skipVerify,
    verifyIdentity: !skipVerify,
  };
}

function readText(key: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (thrown) {
    throw new FrenoError('RESOURCE', `TLS.${key}: ${messageOf(thrown)}`, { cause: thrown });
  }
}
