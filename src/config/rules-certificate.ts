/** The rules between keys about certificates, wherever they occur. */
import type { Findings } from './findings.js';
import type { TlsConfig } from './schema-hosts.js';
import type { Path } from './schema-walk.js';

export function checkCertificate(tls: TlsConfig | undefined, path: Path, findings: Findings): void {
  if (tls === undefined || (tls.CertFile === '') === (tls.KeyFile === '')) return;
  const [missing, given] = tls.CertFile === '' ? ['CertFile', 'KeyFile'] : ['KeyFile', 'CertFile'];
  findings.problem([...path, missing!], `must be set, because ${given} is set`, [
    [...path, given!],
  ]);
}

/** `addresses`: those that are verified against `CAFile`. */
export function checkAuthorities(
  { CAFile }: { readonly CAFile: string },
  addresses: readonly string[],
  path: Path,
  findings: Findings,
): void {
  if (CAFile === '' || addresses.length === 0) return;
  if (addresses.some((address) => /^https:/i.test(address))) return;
  findings.warning([...path, 'CAFile'], 'ignored: no address begins with https://');
}
