/** The files of a `TLS` object, as options of the MySQL client library. */
import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import type { SslOptions } from 'mysql2';
import { FrenoError, messageOf } from '../errors.js';

/** TLS to a server. Files are read by the thread that connects. */
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
  readonly #key: string;
  #options: SslOptions | undefined;
  #readAtMs = Number.NEGATIVE_INFINITY;

  /** `key`: of the configuration, for errors. */
  constructor(settings: TlsSettings, key = 'TLS') {
    this.#settings = settings;
    this.#key = key;
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
      const options = readOptions(this.#settings, this.#key);
      if (!isDeepStrictEqual(options, this.#options)) this.#options = options;
      this.#readAtMs = nowMs;
    }
    return this.#options!;
  }
}

function readOptions(settings: TlsSettings, key: string): SslOptions {
  const { caFile, certFile, keyFile, skipVerify } = settings;
  return {
    ...(caFile !== '' && { ca: readText(`${key}.CAFile`, caFile) }),
    ...(certFile !== '' && { cert: readText(`${key}.CertFile`, certFile) }),
    ...(keyFile !== '' && { key: readText(`${key}.KeyFile`, keyFile) }),
    rejectUnauthorized: !skipVerify,
    verifyIdentity: !skipVerify,
  };
}

function readText(key: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (thrown) {
    throw new FrenoError('RESOURCE', `${key}: ${messageOf(thrown)}`, { cause: thrown });
  }
}
