/**
 * The certificate authorities that HTTPS trusts: the system's bundle, because operators add their
 * own authority there. Node's built-in list is used where the system has no bundle.
 */
import { readFileSync, statSync } from 'node:fs';
import { createSecureContext, type SecureContext } from 'node:tls';
import { monotonicMs } from '../../base/clock.js';

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

/** How often a connection looks whether the bundle was replaced. */
const LOOK_AFTER_MS = 10_000;

export class CaCertificates {
  readonly #now: () => number;
  #context: SecureContext | undefined;
  /** Of the bundle that the context was read from. */
  #version = '';
  #lookedAtMs = Number.NEGATIVE_INFINITY;

  /** `now`: `monotonicMs` unless given. */
  constructor(now: () => number = monotonicMs) {
    this.#now = now;
  }

  /**
   * Read on first use, and again when the file has changed: a hundred certificates take tens of
   * milliseconds.
   */
  get context(): SecureContext {
    const nowMs = this.#now();
    if (this.#context !== undefined && nowMs - this.#lookedAtMs < LOOK_AFTER_MS) {
      return this.#context;
    }
    this.#lookedAtMs = nowMs;
    const version = versionOfBundle();
    if (this.#context === undefined || version !== this.#version) {
      this.#context = readCertificates();
      this.#version = version;
    }
    return this.#context;
  }
}

/** Differs when the bundle was replaced; empty: there is none. */
function versionOfBundle(): string {
  for (const file of bundleFiles()) {
    const found = statSync(file, { throwIfNoEntry: false });
    if (found !== undefined) return `${file} ${found.ino} ${found.mtimeMs} ${found.size}`;
  }
  return '';
}

function bundleFiles(): readonly string[] {
  const { SSL_CERT_FILE: named = '' } = process.env;
  return named === '' ? BUNDLE_FILES : [named];
}

function readCertificates(): SecureContext {
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
