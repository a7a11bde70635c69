/** Whom HTTPS trusts: Node's own list of authorities, and the system's, to which operators add their own. */
import { readFileSync } from 'node:fs';
import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';

/** Where Linux distributions keep theirs; the first that is there counts. The variable is OpenSSL's, and known to Go too. */
const FILES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

/** To be made once: it takes milliseconds. */
export function trustedAuthorities(): SecureContext {
  const { SSL_CERT_FILE: named = '' } = process.env;
  for (const file of named === '' ? FILES : [named]) {
    const certificates = readIfPresent(file);
    if (certificates !== null) {
      return createSecureContext({ ca: [...rootCertificates, certificates] });
    }
  }
  return createSecureContext();
}

/** A list that cannot be read vouches for nobody: the connections that need it are refused, and say so. */
function readIfPresent(file: string): Buffer | null {
  try {
    return readFileSync(file);
  } catch {
    return null;
  }
}
