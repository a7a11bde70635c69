/**
 * The clusters of a configuration as they are probed: with the values that each inherits, and the
 * source that lists its hosts.
 */

import { formatAddress } from '../base/address.js';
import { MYSQL_DEFAULT_PORT } from '../base/mysql/default-port.js';
import type { ClusterSettings, HostSource, MetricSettings } from '../contracts/stores.js';
import { splitList } from './key-types.js';
import type { FrenoConfig } from './schema.js';
import type { ClusterConfig, MySQLConfig } from './schema-stores.js';
import { tlsSettings } from './tls.js';

const IGNORE_SERVER_TTL_MS = 10_000;
const VITESS_TIMEOUT_MS = 5_000;

/** The sources that a cluster can name, by precedence. */
export const SOURCE_KEYS = [
  'HAProxySettings',
  'ProxySQLSettings',
  'VitessSettings',
  'StaticHostsSettings',
] as const;

export type SourceKey = (typeof SOURCE_KEYS)[number];

/** Name of a store's own metric. */
const OWN_METRIC = 'lag';

/** Every cluster of a valid configuration, in the order of the file. */
export function clusterSettings(config: FrenoConfig): ClusterSettings[] {
  const mysql = config.Stores.MySQL;
  return Object.entries(mysql.Clusters).map(([name, cluster]) => ({
    name,
    metrics: [ownMetric(mysql, cluster)],
  }));
}

function ownMetric(mysql: MySQLConfig, cluster: ClusterConfig): MetricSettings {
  return {
    name: OWN_METRIC,
    mode: 'enforce',
    measured: { kind: 'query', query: (cluster.MetricQuery.trim() || mysql.MetricQuery).trim() },
    threshold: cluster.ThrottleThreshold || mysql.ThrottleThreshold,
    cacheMs: cluster.CacheMillis || mysql.CacheMillis,
    hosts: hostSource(mysql, cluster),
    port: cluster.Port || mysql.Port || MYSQL_DEFAULT_PORT,
    user: cluster.User || mysql.User,
    password: cluster.Password || mysql.Password,
    collation: mysql.Collation,
    tls: tlsSettings(cluster.TLS, mysql.TLS),
    ignoreDialTcpErrors: mysql.IgnoreDialTcpErrors,
    ignoreHostsCount: cluster.IgnoreHostsCount || mysql.IgnoreHostsCount,
    ignoreHostsPercent: 0,
    ignoreHostsThreshold: cluster.IgnoreHostsThreshold || mysql.IgnoreHostsThreshold,
    catchUp: null,
    httpCheckPort: Math.max(0, cluster.HttpCheckPort || mysql.HttpCheckPort),
    httpCheckPath: cluster.HttpCheckPath || mysql.HttpCheckPath,
    ignoreHosts: cluster.IgnoreHosts.length > 0 ? cluster.IgnoreHosts : mysql.IgnoreHosts,
  };
}

/** The sources that a cluster configures completely; the first one is used. */
export function namedSources(mysql: MySQLConfig, cluster: ClusterConfig): SourceKey[] {
  return SOURCE_KEYS.filter((key) => sourceReaders[key](mysql, cluster) !== null);
}

function hostSource(mysql: MySQLConfig, cluster: ClusterConfig): HostSource {
  for (const key of SOURCE_KEYS) {
    const source = sourceReaders[key](mysql, cluster);
    if (source !== null) return source;
  }
  return { kind: 'none' };
}

/** Each returns null where the cluster does not configure that source, or not completely. */
const sourceReaders: Readonly<
  Record<SourceKey, (mysql: MySQLConfig, cluster: ClusterConfig) => HostSource | null>
> = {
  HAProxySettings: (_mysql, { HAProxySettings: haproxy }) => {
    const addresses =
      haproxy.Host !== '' && haproxy.Port > 0
        ? [formatAddress({ host: haproxy.Host, port: haproxy.Port })]
        : splitList(haproxy.Addresses);
    if (haproxy.PoolName === '' || addresses.length === 0) return null;
    return { kind: 'haproxy', addresses, poolName: haproxy.PoolName };
  },

  ProxySQLSettings: (mysql, { ProxySQLSettings: proxysql }) => {
    const named = proxysql.HostgroupID !== undefined || proxysql.Addresses.length > 0;
    const addresses = proxysql.Addresses.length > 0 ? proxysql.Addresses : mysql.ProxySQLAddresses;
    if (!named || addresses.length === 0) return null;
    return {
      kind: 'proxysql',
      addresses,
      user: proxysql.User || mysql.ProxySQLUser,
      password: proxysql.Password || mysql.ProxySQLPassword,
      hostgroupId: proxysql.HostgroupID ?? 0,
      ignoreServerTtlMs: proxysql.IgnoreServerTTLSecs * 1_000 || IGNORE_SERVER_TTL_MS,
    };
  },

  VitessSettings: (mysql, { VitessSettings: vitess }) => {
    if (vitess.API === '' || vitess.Keyspace === '') return null;
    return {
      kind: 'vitess',
      api: vitess.API,
      cells: vitess.Cells.length > 0 ? vitess.Cells : mysql.VitessCells,
      keyspace: vitess.Keyspace,
      shard: vitess.Shard,
      timeoutMs: vitess.TimeoutSecs * 1_000 || VITESS_TIMEOUT_MS,
    };
  },

  StaticHostsSettings: (_mysql, { StaticHostsSettings: { Hosts } }) =>
    Hosts.length === 0 ? null : { kind: 'static', hosts: Hosts },
};
