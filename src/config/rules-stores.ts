/** Rules between the keys of the stores. */
import { isDeepStrictEqual } from 'node:util';
import { METRICS_MAX, STORES_MAX } from '../base/limits.js';
import type { Findings } from './findings.js';
import { NEEDS, namedSources, SOURCE_KEYS } from './host-sources.js';
import { namedMetrics } from './named-metrics.js';
import { checkPassword, prefixedPassword } from './passwords.js';
import { checkAuthorities, checkCertificate } from './rules-certificate.js';
import { checkLogin } from './rules-login.js';
import { checkMetrics } from './rules-metrics.js';
import { type ClusterConfig, EMPTY_CLUSTER, type MySQLConfig } from './schema-stores.js';
import type { Path } from './schema-walk.js';
import { splitList } from './split-list.js';

export function checkStores(mysql: MySQLConfig, findings: Findings): void {
  const path: Path = ['Stores', 'MySQL'];
  const clusters = Object.entries(mysql.Clusters);
  if (clusters.length > STORES_MAX) {
    findings.problem(
      [...path, 'Clusters'],
      `must have at most ${STORES_MAX} clusters, got ${clusters.length}`,
    );
  }
  checkCertificate(mysql.TLS, [...path, 'TLS'], findings);
  checkCertificate(mysql.HttpCheckTLS, [...path, 'HttpCheckTLS'], findings);
  checkPassword(mysql, path, findings);
  checkPassword(prefixedPassword('ProxySQL', mysql), path, findings, 'ProxySQL');
  checkMetricCount(mysql, path, findings);
  for (const [name, cluster] of clusters) {
    checkCluster(mysql, cluster, [...path, 'Clusters', name], findings);
  }
}

function checkMetricCount(mysql: MySQLConfig, path: Path, findings: Findings): void {
  const clusters = Object.values(mysql.Clusters);
  const metrics = clusters.reduce((sum, cluster) => sum + 1 + namedMetrics(mysql, cluster).size, 0);
  if (clusters.length > STORES_MAX || metrics <= METRICS_MAX) return;
  findings.problem(
    [...path, 'Metrics'],
    `all clusters together must have at most ${METRICS_MAX} metrics, got ${metrics}`,
  );
}

function checkCluster(
  mysql: MySQLConfig,
  cluster: ClusterConfig,
  path: Path,
  findings: Findings,
): void {
  checkCertificate(cluster.TLS, [...path, 'TLS'], findings);
  checkCertificate(cluster.HttpCheckTLS, [...path, 'HttpCheckTLS'], findings);
  checkPassword(cluster, path, findings);
  checkLogin(mysql, cluster, path, findings);
  checkPassword(cluster.ProxySQLSettings, [...path, 'ProxySQLSettings'], findings);
  checkMetrics(mysql, cluster, path, findings);
  const [used, ...unused] = namedSources(mysql, cluster);
  for (const key of SOURCE_KEYS) {
    if (key === used) continue;
    if (unused.includes(key)) findings.warning([...path, key], `ignored: ${used} takes precedence`);
    else if (!isDeepStrictEqual(cluster[key], EMPTY_CLUSTER[key])) {
      findings.warning([...path, key], `ignored: incomplete; set ${NEEDS[key]}`);
    }
  }
  if (used === undefined) {
    findings.warning(
      path,
      `has no source of hosts, so its checks fail; set one of ${SOURCE_KEYS.join(', ')}`,
    );
  }
  const { HAProxySettings: haproxy, VitessSettings: vitess } = cluster;
  const pages =
    haproxy.Host !== '' && haproxy.Port > 0 ? [haproxy.Host] : splitList(haproxy.Addresses);
  checkAuthorities(haproxy, pages, [...path, 'HAProxySettings'], findings);
  checkAuthorities(vitess, [vitess.API], [...path, 'VitessSettings'], findings);
  if (haproxy.Host !== '' && haproxy.Port > 0 && haproxy.Addresses !== '') {
    findings.warning(
      [...path, 'HAProxySettings', 'Addresses'],
      'ignored: Host and Port take precedence',
    );
  }
}
