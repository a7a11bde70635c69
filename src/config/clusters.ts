/**
 * The clusters of a configuration as they are probed: each with its metrics, and the values that
 * these inherit.
 */
import { MYSQL_DEFAULT_PORT } from '../base/mysql/default-port.js';
import type {
  CatchUpSettings,
  ClusterSettings,
  MetricMode,
  MetricSettings,
  MetricSource,
} from '../contracts/stores.js';
import { hostSource, inheritedSources } from './host-sources.js';
import { KNOWN_METRICS } from './known-metrics.js';
import { namedMetrics, ownMetricName } from './named-metrics.js';
import { passwordOf } from './passwords.js';
import type { FrenoConfig } from './schema.js';
import { CATCH_UP_DEFAULTS, type CatchUpConfig, type MetricConfig } from './schema-metrics.js';
import type { ClusterConfig, MySQLConfig } from './schema-stores.js';
import { inheritedTls, tlsSettings } from './tls.js';

const DEFAULT_MODE: MetricMode = 'enforce';

/** Every cluster of a valid configuration, in the order of the file. */
export function clusterSettings(config: FrenoConfig): ClusterSettings[] {
  const mysql = config.Stores.MySQL;
  const observesAll = config.ThrottleMode === 'observe';
  return Object.entries(mysql.Clusters).map(([name, cluster]) => {
    const own = ownMetric(mysql, cluster);
    const others = Array.from(namedMetrics(mysql, cluster), ([metric, { keys }]) =>
      otherMetric(metric, keys, own, mysql, cluster),
    );
    const inMode = (metric: MetricSettings): MetricSettings =>
      observesAll ? { ...metric, mode: 'observe' } : metric;
    return { name, metrics: [inMode(own), ...others.map(inMode)] };
  });
}

function ownMetric(mysql: MySQLConfig, cluster: ClusterConfig): MetricSettings {
  return {
    name: ownMetricName(mysql, cluster),
    mode: cluster.ThrottleMode ?? mysql.ThrottleMode ?? DEFAULT_MODE,
    measured: { kind: 'query', query: (cluster.MetricQuery.trim() || mysql.MetricQuery).trim() },
    threshold: cluster.ThrottleThreshold || mysql.ThrottleThreshold,
    cacheMs: cluster.CacheMillis || mysql.CacheMillis,
    hosts: hostSource(mysql, cluster),
    port: cluster.Port || mysql.Port || MYSQL_DEFAULT_PORT,
    user: cluster.User || mysql.User,
    ...passwordOf(cluster, mysql),
    collation: mysql.Collation,
    tls: tlsSettings(inheritedTls(cluster.TLS, mysql.TLS)),
    serverPublicKeyFile: cluster.ServerPublicKeyFile || mysql.ServerPublicKeyFile,
    connectionMaxAgeMs: mysql.MaxConnectionAgeSecs * 1_000,
    ignoreDialTcpErrors: mysql.IgnoreDialTcpErrors,
    ignoreHostsCount: cluster.IgnoreHostsCount || mysql.IgnoreHostsCount,
    ignoreHostsPercent: cluster.IgnoreHostsPercent || mysql.IgnoreHostsPercent,
    ignoreHostsThreshold: cluster.IgnoreHostsThreshold || mysql.IgnoreHostsThreshold,
    catchUp: catchUpSettings(cluster.CatchUp, mysql.CatchUp),
    httpCheckPort: Math.max(0, cluster.HttpCheckPort || mysql.HttpCheckPort),
    httpCheckPath: cluster.HttpCheckPath || mysql.HttpCheckPath,
    httpCheckTls: tlsSettings(inheritedTls(cluster.HttpCheckTLS, mysql.HttpCheckTLS)),
    ignoreHosts: cluster.IgnoreHosts.length > 0 ? cluster.IgnoreHosts : mysql.IgnoreHosts,
  };
}

/** `own` has the settings of the cluster, which the metric inherits. */
function otherMetric(
  name: string,
  keys: MetricConfig,
  own: MetricSettings,
  mysql: MySQLConfig,
  cluster: ClusterConfig,
): MetricSettings {
  const known = keys.Query === undefined ? KNOWN_METRICS.get(name) : undefined;
  return {
    name,
    mode: keys.Mode ?? DEFAULT_MODE,
    measured: metricSource(name, keys),
    threshold: keys.Threshold ?? 0,
    cacheMs: keys.CacheMillis ?? (own.cacheMs || (known?.cacheMs ?? 0)),
    hosts:
      keys.Hosts === undefined
        ? own.hosts
        : hostSource(mysql, inheritedSources(keys.Hosts, cluster)),
    port: keys.Port || own.port,
    user: keys.User || own.user,
    ...passwordOf(keys, cluster, mysql),
    collation: own.collation,
    tls:
      keys.TLS === undefined
        ? own.tls
        : tlsSettings(inheritedTls(keys.TLS, inheritedTls(cluster.TLS, mysql.TLS))),
    serverPublicKeyFile: own.serverPublicKeyFile,
    connectionMaxAgeMs: own.connectionMaxAgeMs,
    ignoreDialTcpErrors: keys.IgnoreDialTcpErrors ?? own.ignoreDialTcpErrors,
    ignoreHostsCount: keys.IgnoreHostsCount ?? own.ignoreHostsCount,
    ignoreHostsPercent: keys.IgnoreHostsPercent ?? own.ignoreHostsPercent,
    ignoreHostsThreshold: keys.IgnoreHostsThreshold ?? own.ignoreHostsThreshold,
    catchUp: catchUpSettings(keys.CatchUp, undefined),
    httpCheckPort: Math.max(0, keys.HttpCheckPort ?? own.httpCheckPort),
    httpCheckPath: keys.HttpCheckPath || own.httpCheckPath,
    httpCheckTls:
      keys.HttpCheckTLS === undefined
        ? own.httpCheckTls
        : tlsSettings(
            inheritedTls(keys.HttpCheckTLS, inheritedTls(cluster.HttpCheckTLS, mysql.HttpCheckTLS)),
          ),
    ignoreHosts: keys.IgnoreHosts ?? own.ignoreHosts,
  };
}

function metricSource(name: string, { Query, Kind, Prometheus }: MetricConfig): MetricSource {
  if (Prometheus !== undefined) {
    const { URL: url, CAFile: caFile, Query: query, IntervalMillis: intervalMs } = Prometheus;
    return { kind: 'prometheus', url, caFile, query, intervalMs };
  }
  if (Query !== undefined) return { kind: Kind ?? 'query', query: Query.trim() };
  const known = KNOWN_METRICS.get(name);
  if (known === undefined) throw new Error(`the metric ${name} was not validated`);
  return known.source;
}

function catchUpSettings(
  own: CatchUpConfig | undefined,
  inherited: CatchUpConfig | undefined,
): CatchUpSettings | null {
  if (own === undefined && inherited === undefined) return null;
  if (!(own?.Enabled ?? inherited?.Enabled ?? true)) return null;
  const { aboveSeconds, maxMinutes } = CATCH_UP_DEFAULTS;
  return {
    aboveSeconds: own?.AboveSeconds ?? inherited?.AboveSeconds ?? aboveSeconds,
    maxMinutes: own?.MaxMinutes ?? inherited?.MaxMinutes ?? maxMinutes,
  };
}
