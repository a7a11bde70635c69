/** `Login: "tls"`: the password goes only to servers that prove who they are. */
import type { TlsSettings } from '../contracts/stores.js';
import type { Findings } from './findings.js';
import { namedMetrics } from './named-metrics.js';
import type { FrenoConfig } from './schema.js';
import type { ClusterConfig, MySQLConfig } from './schema-stores.js';
import type { Path } from './schema-walk.js';
import { inheritedTls, tlsSettings } from './tls.js';

export function checkBackendLogin(config: FrenoConfig, findings: Findings): void {
  const tls = tlsSettings(config.BackendMySQLTLS);
  if (config.BackendMySQLHost === '' || config.BackendMySQLLogin !== 'tls') return;
  if (isProved(tls, config.BackendMySQLServerPublicKeyFile)) return;
  refuse(['BackendMySQLLogin'], findings, [
    ['BackendMySQLTLS'],
    ['BackendMySQLServerPublicKeyFile'],
  ]);
}

/** Of the cluster at `path`. */
export function checkLogin(
  mysql: MySQLConfig,
  cluster: ClusterConfig,
  path: Path,
  findings: Findings,
): void {
  if ((cluster.Login ?? mysql.Login) !== 'tls') return;
  const common = inheritedTls(cluster.TLS, mysql.TLS);
  const keyFile = cluster.ServerPublicKeyFile || mysql.ServerPublicKeyFile;
  const read: Path[] = [
    [...path, 'TLS'],
    [...path, 'ServerPublicKeyFile'],
  ];
  if (!isProved(tlsSettings(common), keyFile)) refuse([...path, 'Login'], findings, read);
  for (const [name, { keys }] of namedMetrics(mysql, cluster)) {
    if (keys.TLS === undefined || keys.Prometheus !== undefined) continue;
    if (isProved(tlsSettings(inheritedTls(keys.TLS, common)), keyFile)) continue;
    refuse([...path, 'Metrics', name, 'TLS'], findings, read);
  }
}

/** With `SkipVerify` any server can be the other end of TLS, and then gets the password itself. */
function isProved(tls: TlsSettings | null, keyFile: string): boolean {
  return tls === null ? keyFile !== '' : !tls.skipVerify;
}

function refuse(path: Path, findings: Findings, read: readonly Path[]): void {
  findings.problem(
    path,
    'Login "tls" needs TLS without SkipVerify, or without TLS a ServerPublicKeyFile',
    read,
  );
}
