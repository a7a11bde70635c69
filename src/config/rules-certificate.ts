/** The rule between the keys of a `TLS` object, wherever it occurs. */
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
