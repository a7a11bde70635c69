/** The source of hosts that a cluster or a metric names, with what it inherits. */
import { isDeepStrictEqual } from 'node:util';
import { formatAddress } from '../base/address.js';
import type { HostSource } from '../contracts/stores.js';
import { passwordKeys, passwordOf, prefixedPassword } from './passwords.js';
import { type HostSourcesConfig, NO_SOURCES } from './schema-hosts.js';
import type { MySQLConfig } from './schema-stores.js';
import { splitList } from './split-list.js';

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

/** What makes a source complete. */
export const NEEDS: Readonly<Record<SourceKey, string>> = {
  HAProxySettings: 'PoolName, and Host with Port or else Addresses',
  ProxySQLSettings: 'HostgroupID, and Addresses here or ProxySQLAddresses in Stores.MySQL',
  VitessSettings: 'API and Keyspace',
  StaticHostsSettings: 'Hosts',
};

/** The sources that are named completely; the first one is used. */
export function namedSources(mysql: MySQLConfig, named: HostSourcesConfig): SourceKey[] {
  return SOURCE_KEYS.filter((key) => sourceReaders[key](mysql, named) !== null);
}

/** `none` where no source is named. */
export function hostSource(mysql: MySQLConfig, named: HostSourcesConfig): HostSource {
  for (const key of SOURCE_KEYS) {
    const source = sourceReaders[key](mysql, named);
    if (source !== null) return source;
  }
  return { kind: 'none' };
}

/** Each returns null where that source is not named, or not completely. */
const sourceReaders: Readonly<
  Record<SourceKey, (mysql: MySQLConfig, named: HostSourcesConfig) => HostSource | null>
> = {
  HAProxySettings: (_mysql, { HAProxySettings: haproxy }) => {
    const addresses =
      haproxy.Host !== '' && haproxy.Port > 0
        ? [formatAddress({ host: haproxy.Host, port: haproxy.Port })]
        : splitList(haproxy.Addresses);
    if (haproxy.PoolName === '' || addresses.length === 0) return null;
    return { kind: 'haproxy', addresses, poolName: haproxy.PoolName, caFile: haproxy.CAFile };
  },

  ProxySQLSettings: (mysql, { ProxySQLSettings: proxysql }) => {
    const named = proxysql.HostgroupID !== undefined || proxysql.Addresses.length > 0;
    const addresses = proxysql.Addresses.length > 0 ? proxysql.Addresses : mysql.ProxySQLAddresses;
    if (!named || addresses.length === 0) return null;
    return {
      kind: 'proxysql',
      addresses,
      user: proxysql.User || mysql.ProxySQLUser,
      ...passwordOf(proxysql, prefixedPassword('ProxySQL', mysql)),
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
      caFile: vitess.CAFile,
      timeoutMs: vitess.TimeoutSecs * 1_000 || VITESS_TIMEOUT_MS,
    };
  },

  StaticHostsSettings: (_mysql, { StaticHostsSettings: { Hosts } }) =>
    Hosts.length === 0 ? null : { kind: 'static', hosts: Hosts },
};

/** The sources that `own` names, with what each does not set from the same one of the cluster. */
export function inheritedSources(
  own: HostSourcesConfig,
  cluster: HostSourcesConfig,
): HostSourcesConfig {
  const inherit = <Key extends SourceKey>(
    key: Key,
    merge: (own: HostSourcesConfig[Key], cluster: HostSourcesConfig[Key]) => HostSourcesConfig[Key],
  ): HostSourcesConfig[Key] =>
    isDeepStrictEqual(own[key], NO_SOURCES[key]) ? own[key] : merge(own[key], cluster[key]);
  return {
    HAProxySettings: inherit('HAProxySettings', (own, cluster) => ({
      ...(own.Host !== '' || own.Addresses !== '' ? own : cluster),
      PoolName: own.PoolName || cluster.PoolName,
      CAFile: own.CAFile || cluster.CAFile,
    })),
    ProxySQLSettings: inherit('ProxySQLSettings', (own, cluster) => ({
      Addresses: own.Addresses.length > 0 ? own.Addresses : cluster.Addresses,
      User: own.User || cluster.User,
      ...passwordKeys(own, cluster),
      HostgroupID: own.HostgroupID ?? cluster.HostgroupID,
      IgnoreServerTTLSecs: own.IgnoreServerTTLSecs || cluster.IgnoreServerTTLSecs,
    })),
    VitessSettings: inherit('VitessSettings', (own, cluster) => ({
      API: own.API || cluster.API,
      Cells: own.Cells.length > 0 ? own.Cells : cluster.Cells,
      Keyspace: own.Keyspace || cluster.Keyspace,
      Shard: own.Shard || cluster.Shard,
      CAFile: own.CAFile || cluster.CAFile,
      TimeoutSecs: own.TimeoutSecs || cluster.TimeoutSecs,
    })),
    StaticHostsSettings: own.StaticHostsSettings,
  };
}
