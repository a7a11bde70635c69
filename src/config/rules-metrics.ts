/** Rules between the keys of metrics. */
import { isDeepStrictEqual } from 'node:util';
import { STORE_METRICS_MAX } from '../base/limits.js';
import type { Findings } from './findings.js';
import { inheritedSources, NEEDS, namedSources, SOURCE_KEYS } from './host-sources.js';
import { KNOWN_METRICS, LAG } from './known-metrics.js';
import { type NamedMetric, namedMetrics, ownMetricName } from './named-metrics.js';
import { nearest } from './nearest.js';
import { checkPassword } from './passwords.js';
import { checkAuthorities, checkCertificate } from './rules-certificate.js';
import { NO_SOURCES } from './schema-hosts.js';
import type { MetricConfig } from './schema-metrics.js';
import type { ClusterConfig, MySQLConfig } from './schema-stores.js';
import type { Path } from './schema-walk.js';

const MYSQL_PATH: Path = ['Stores', 'MySQL'];

/** A metric of a cluster, and where it stands. */
interface PlacedKeys {
  readonly name: string;
  readonly clusterName: string;
  readonly keys: MetricConfig;
  /** The place in the cluster if it stands there, else in `Stores.MySQL`. */
  readonly path: Path;
  /** All places that it may inherit from, the one above among them. */
  readonly places: readonly Path[];
}

/** Checks the metrics of the cluster at `path`, with what they inherit. */
export function checkMetrics(
  mysql: MySQLConfig,
  cluster: ClusterConfig,
  path: Path,
  findings: Findings,
): void {
  const metrics = namedMetrics(mysql, cluster);
  if (metrics.size + 1 > STORE_METRICS_MAX) {
    findings.problem(
      [...path, 'Metrics'],
      `a cluster must have at most ${STORE_METRICS_MAX} metrics with its own, ` +
        `got ${metrics.size + 1}`,
    );
  }
  checkOwnName(mysql, cluster, metrics, path, findings);
  for (const [name, metric] of metrics) {
    const placed = placedKeys(name, metric, path);
    checkMeasured(placed, findings);
    checkHosts(mysql, cluster, placed, findings);
    checkCertificate(metric.keys.TLS, [...placed.path, 'TLS'], findings);
    checkCertificate(metric.keys.HttpCheckTLS, [...placed.path, 'HttpCheckTLS'], findings);
    checkPassword(metric.keys, placed.path, findings);
    const proxysql = metric.keys.Hosts?.ProxySQLSettings ?? {};
    checkPassword(proxysql, [...placed.path, 'Hosts', 'ProxySQLSettings'], findings);
  }
}

function placedKeys(
  name: string,
  { keys, inCluster, inMySQL }: NamedMetric,
  path: Path,
): PlacedKeys {
  const places: Path[] = [];
  if (inCluster) places.push([...path, 'Metrics', name]);
  if (inMySQL) places.push([...MYSQL_PATH, 'Metrics', name]);
  const clusterName = JSON.stringify(path.at(-1));
  return { name, clusterName, keys, path: places[0]!, places };
}

function checkOwnName(
  mysql: MySQLConfig,
  cluster: ClusterConfig,
  metrics: ReadonlyMap<string, NamedMetric>,
  path: Path,
  findings: Findings,
): void {
  const own = ownMetricName(mysql, cluster);
  const metric = metrics.get(own);
  if (metric === undefined) return;
  findings.problem(
    placedKeys(own, metric, path).path,
    "has the name of a store's own metric, which MetricQuery and ThrottleThreshold set; " +
      'give one of them another name (MetricName)',
    [
      [...path, 'MetricName'],
      [...MYSQL_PATH, 'MetricName'],
    ],
  );
}

function checkMeasured({ name, keys, path, places }: PlacedKeys, findings: Findings): void {
  const { Query, Kind, Prometheus } = keys;
  const at = (key: string): Path[] => places.map((place) => [...place, key]);
  const read = [...at('Query'), ...at('Kind'), ...at('Prometheus')];
  if (Prometheus !== undefined) {
    if (Query !== undefined) {
      findings.problem(path, 'has a Query and Prometheus: set one of them', read);
    }
    if (Kind === 'rate') {
      findings.problem([...path, 'Kind'], 'not with Prometheus: write rate(…) in its Query', read);
    }
    checkAuthorities(Prometheus, [Prometheus.URL], [...path, 'Prometheus'], findings);
    for (const key of ['URL', 'Query'] as const) {
      if (Prometheus[key].trim() !== '') continue;
      findings.problem([...path, 'Prometheus', key], 'must be set', read);
    }
  } else if (Query === undefined && !KNOWN_METRICS.has(name)) {
    const near = nearest(name, [...KNOWN_METRICS.keys()]);
    findings.problem(
      path,
      'needs a Query: it is none of the known metrics' +
        (near === undefined ? '' : `; did you mean ${near}?`),
      read,
    );
  } else if (Query?.trim() === '' && name !== LAG) {
    findings.problem([...path, 'Query'], 'must not be empty', read);
  } else if (Kind === 'rate' && (Query ?? '').trim() === '') {
    findings.problem([...path, 'Kind'], 'needs a Query: the rate of its number is measured', read);
  }
}

function checkHosts(
  mysql: MySQLConfig,
  cluster: ClusterConfig,
  { keys: { Hosts: own }, path, clusterName }: PlacedKeys,
  findings: Findings,
): void {
  if (own === undefined) return;
  const named = SOURCE_KEYS.filter((key) => !isDeepStrictEqual(own[key], NO_SOURCES[key]));
  const [only] = named;
  if (only === undefined || named.length > 1) {
    findings.problem([...path, 'Hosts'], `must name one source of hosts, got ${named.length}`);
    return;
  }
  if (namedSources(mysql, inheritedSources(own, cluster)).length > 0) return;
  findings.problem(
    [...path, 'Hosts', only],
    `incomplete for the cluster ${clusterName}; set ${NEEDS[only]}, here or in the cluster`,
  );
}
