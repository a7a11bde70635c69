/** The metrics that a cluster has beside its own: its `Metrics`, and those of `Stores.MySQL`. */
import { LAG } from './known-metrics.js';
import { hasPassword } from './passwords.js';
import type { MetricConfig } from './schema-metrics.js';
import type { ClusterConfig, MySQLConfig } from './schema-stores.js';

/** Name of the cluster's own metric. */
export function ownMetricName(mysql: MySQLConfig, cluster: ClusterConfig): string {
  return cluster.MetricName || mysql.MetricName || LAG;
}

export interface NamedMetric {
  /** Those of the cluster, and of `Stores.MySQL` what it does not set. */
  readonly keys: MetricConfig;
  /** Whether the metric stands there. */
  readonly inCluster: boolean;
  readonly inMySQL: boolean;
}

/**
 * By name, those of `Stores.MySQL` first, each in the order of the file; without those that are not
 * enabled. Objects (`Hosts`, `Prometheus`, `TLS`, `CatchUp`) are inherited as a whole. A `Query`
 * here takes the place of `Prometheus` there, a `Password` that of `PasswordFile`, and the other
 * way round.
 */
export function namedMetrics(
  mysql: MySQLConfig,
  cluster: ClusterConfig,
): ReadonlyMap<string, NamedMetric> {
  const named = new Map<string, NamedMetric>();
  for (const [name, keys] of Object.entries(mysql.Metrics)) {
    named.set(name, { keys, inCluster: false, inMySQL: true });
  }
  for (const [name, keys] of Object.entries(cluster.Metrics)) {
    const inherited = named.get(name);
    named.set(name, {
      keys: { ...inheritedKeys(inherited?.keys, keys), ...keys },
      inCluster: true,
      inMySQL: inherited !== undefined,
    });
  }
  return new Map([...named].filter(([, { keys }]) => keys.Enabled !== false));
}

function inheritedKeys(inherited: MetricConfig = {}, own: MetricConfig): MetricConfig {
  const { Password, PasswordFile, ...withoutPassword } = inherited;
  return inheritedQuery(hasPassword(own) ? withoutPassword : inherited, own);
}

function inheritedQuery(inherited: MetricConfig, own: MetricConfig): MetricConfig {
  const { Query, Kind, Prometheus, ...others } = inherited;
  if (own.Prometheus !== undefined) return others;
  return own.Query === undefined ? inherited : { ...others, Kind };
}
