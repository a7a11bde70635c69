/**
 * The certificate authorities that HTTPS trusts: the system's bundle, because operators add their
 * own authority there. Node's built-in list is used where the system has no bundle.
 */
import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContext } from 'node:tls';

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

export class CaCertificates {
  #context: SecureContext | undefined;

  /** Read on first use, and only once: a hundred certificates take tens of milliseconds. */
  get context(): SecureContext {
    this.#context ??= readCertificates();
    return this.#context;
  }
}

function readCertificates(): SecureContext {
  const { SSL_CERT_FILE: named = '' } = process.env;
  for (const file of named === '' ? BUNDLE_FILES : [named]) {
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
