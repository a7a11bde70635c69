/**
 * Whom HTTPS trusts: the system's list of certificates, to which operators add their own; Node's
 * where there is none.
 */
import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContext } from 'node:tls';

/**
 * Where Linux distributions keep theirs; the first that is there counts. The variable is OpenSSL's,
 * and known to Go too.
 */
const FILES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

export class CaCertificates {
  #context: SecureContext | undefined;

  /** Read when first needed, and once: a hundred certificates take tens of milliseconds. */
  get context(): SecureContext {
    this.#context ??= readCertificates();
    return this.#context;
  }
}

function readCertificates(): SecureContext {
  const { SSL_CERT_FILE: named = '' } = process.env;
  for (const file of named === '' ? FILES : [named]) {
    const certificates = readIfPresent(file);
    if (certificates !== null) return createSecureContext({ ca: certificates });
  }
  return createSecureContext();
}

/**
 * A list that cannot be read vouches for nobody: the connections that need it are refused, and say
 * so.
 */
function readIfPresent(file: string): Buffer | null {
  try {
    return readFileSync(file);
  } catch {
    return null;
  }
}
