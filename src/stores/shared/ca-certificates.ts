/**
 * The certificate authorities that HTTPS trusts: those of a file that the configuration names, or
 * else the system's bundle, because operators add their own authority there. Node's built-in list
 * is used where the system has no bundle.
 */
import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { createSecureContext, type SecureContext } from 'node:tls';
import { monotonicMs } from '../../base/clock.js';
import { FrenoError, messageOf } from '../../base/errors.js';

/**
 * Where Linux distributions keep the bundle; the first one that exists is used. `SSL_CERT_FILE`
 * overrides the list, as in OpenSSL and Go.
 */
const BUNDLE_FILES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

/** How often a connection looks whether a file was replaced. */
const LOOK_AFTER_MS = 10_000;

/** A file that no connection needed for so long is forgotten: a reload may have replaced it. */
const FORGET_AFTER_MS = 3_600_000;

interface TrustedFile {
  readonly context: SecureContext;
  /** Of the file that the context was read from. */
  readonly version: string;
  lookedAtMs: number;
}

export class CaCertificates {
  readonly #now: () => number;
  /** By name; empty: the system's bundle. */
  readonly #files = new Map<string, TrustedFile>();

  /** `now`: `monotonicMs` unless given. */
  constructor(now: () => number = monotonicMs) {
    this.#now = now;
  }

  /**
   * Of `caFile`, or of the system's bundle if that is empty. Read on first use, and again when the
   * file has changed: a hundred certificates take tens of milliseconds. Throws `RESOURCE`, naming
   * `caFile`, when that cannot be read.
   */
  context(caFile: string): SecureContext {
    const nowMs = this.#now();
    const known = this.#files.get(caFile);
    if (known !== undefined && nowMs - known.lookedAtMs < LOOK_AFTER_MS) return known.context;
    const version = versionOf(caFile === '' ? bundleFiles() : [caFile]);
    if (known?.version === version) {
      known.lookedAtMs = nowMs;
      return known.context;
    }
    this.#forget(nowMs);
    this.#files.delete(caFile);
    const context = caFile === '' ? readBundle() : readOwn(caFile);
    this.#files.set(caFile, { context, version, lookedAtMs: nowMs });
    return context;
  }

  #forget(nowMs: number): void {
    for (const [caFile, { lookedAtMs }] of this.#files) {
      if (nowMs - lookedAtMs > FORGET_AFTER_MS) this.#files.delete(caFile);
    }
  }
}

/** Differs when the first of the files that exists was replaced; empty: there is none. */
function versionOf(files: readonly string[]): string {
  for (const file of files) {
    const found = statSync(file, { throwIfNoEntry: false });
    if (found !== undefined) return `${file} ${found.ino} ${found.mtimeMs} ${found.size}`;
  }
  return '';
}

function bundleFiles(): readonly string[] {
  const { SSL_CERT_FILE: named = '' } = process.env;
  return named === '' ? BUNDLE_FILES : [named];
}

function readOwn(caFile: string): SecureContext {
  try {
    const ca = readFileSync(caFile);
    // Throws where there is no certificate; the context would trust no authority without a word.
    new X509Certificate(ca);
    return createSecureContext({ ca });
  } catch (thrown) {
    const reason = messageOf(thrown);
    const named = reason.includes(caFile) ? reason : `${caFile}: ${reason}`;
    throw new FrenoError('RESOURCE', `CAFile: ${named}`, { cause: thrown });
  }
}

function readBundle(): SecureContext {
  for (const file of bundleFiles()) {
    const certificates = readIfPresent(file);
    if (certificates !== null) return createSecureContext({ ca: certificates });
  }
  return createSecureContext();
}

/**
 * A bundle that cannot be read trusts no authority: connections that need it fail with an error
 * that says so.
 */
function readIfPresent(file: string): Buffer | null {
  try {
    return readFileSync(file);
  } catch {
    return null;
  }
}
