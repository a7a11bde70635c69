/** Schema of `Stores`: what is probed, and how. */
import { z } from 'zod';
import { STORES_MAX } from '../base/limits.js';
import { MYSQL_DEFAULT_PORT } from '../base/mysql/default-port.js';
import {
  address,
  checkPort,
  collation,
  count,
  DAY_MS,
  httpAddresses,
  httpUrl,
  list,
  metricQuery,
  optionalHost,
  optionalPort,
  text,
  threshold,
} from './keys.js';

const CLUSTER_NAME_LENGTH_MAX = 128;
const SECONDS_MAX = DAY_MS / 1_000;
const HOSTS_MAX = 100_000;

const tls = z.strictObject({
  Enabled: z.boolean().optional().meta({
    description:
      'Whether connections are encrypted. True where a `TLS` object is given and does not say otherwise.',
  }),
  CAFile: text()
    .default('')
    .meta({ description: "File of the authorities to trust (PEM). Empty: Node's own list." }),
  CertFile: text()
    .default('')
    .meta({ description: 'File of the client certificate (PEM). Needs `KeyFile`.' }),
  KeyFile: text()
    .default('')
    .meta({ description: 'File of the key of the client certificate (PEM). Needs `CertFile`.' }),
  ServerName: text().default('').meta({
    description: "Name that the server's certificate must carry. Empty: the host's name.",
  }),
  SkipVerify: z.boolean().optional().meta({
    description:
      'Accept any certificate. The connection is encrypted, but its server is not authenticated. False unless given.',
  }),
});

/** `TLS` wherever it occurs. */
export const optionalTls = () => tls.optional();

const staticHosts = z.strictObject({
  Hosts: list(address(), HOSTS_MAX)
    .default([])
    .meta({ description: 'The hosts, each `host` or `host:port`.' }),
});

const haproxy = z.strictObject({
  Host: optionalHost().default('').meta({
    description:
      'Host of the statistics page. Counts only together with `Port`, and then instead of `Addresses`.',
  }),
  Port: optionalPort().default(0).meta({ description: 'Port of the statistics page at `Host`.' }),
  Addresses: httpAddresses().default('').meta({
    description:
      'One or several HAProxy addresses, comma-separated in one string; each may carry scheme, port and path.',
    credentials: true,
  }),
  PoolName: text()
    .default('')
    .meta({ description: 'Name of the backend whose servers are the hosts.' }),
});

const proxysql = z.strictObject({
  Addresses: list(address()).default([]).meta({
    description: 'Admin addresses, each `host:port`. Empty: `ProxySQLAddresses` of `Stores.MySQL`.',
  }),
  User: text()
    .default('')
    .meta({ description: 'User of the admin interface. Empty: `ProxySQLUser` of `Stores.MySQL`.' }),
  Password: text().default('').meta({
    description: 'Its password. Empty: `ProxySQLPassword` of `Stores.MySQL`.',
    secret: true,
  }),
  HostgroupID: count(Number.MAX_SAFE_INTEGER).optional().meta({
    description: 'The host group whose servers are the hosts. 0 where only `Addresses` are given.',
  }),
  IgnoreServerTTLSecs: count(SECONDS_MAX).default(0).meta({
    description:
      'How long a server that was seen in another state is left out after it came back online. 0: 10 seconds.',
  }),
});

const vitess = z.strictObject({
  API: httpUrl().default('').meta({
    description: 'URL of the vtctld API, with or without `/api` at its end.',
    credentials: true,
  }),
  Cells: list(text().min(1)).default([]).meta({
    description:
      'Cells whose tablets count. Empty: `VitessCells` of `Stores.MySQL`; all cells if that is empty too.',
  }),
  Keyspace: text().default('').meta({ description: 'The keyspace.' }),
  Shard: text().default('').meta({ description: 'The shard.' }),
  TimeoutSecs: count(SECONDS_MAX)
    .default(0)
    .meta({ description: 'Time-out of a request. 0: 5 seconds.' }),
});

const cluster = z.strictObject({
  User: text().default('').meta({ description: 'As in `Stores.MySQL`. Empty inherits.' }),
  Password: text()
    .default('')
    .meta({ description: 'As in `Stores.MySQL`. Empty inherits.', secret: true }),
  MetricQuery: metricQuery()
    .default('')
    .meta({ description: 'As in `Stores.MySQL`. Empty inherits.' }),
  CacheMillis: count(DAY_MS).default(0).meta({ description: 'As in `Stores.MySQL`. 0 inherits.' }),
  ThrottleThreshold: threshold()
    .default(0)
    .meta({ description: 'As in `Stores.MySQL`. 0 inherits.' }),
  Port: optionalPort().default(0).meta({ description: 'As in `Stores.MySQL`. 0 inherits.' }),
  IgnoreHostsCount: count(HOSTS_MAX)
    .default(0)
    .meta({ description: 'As in `Stores.MySQL`. 0 inherits.' }),
  IgnoreHostsThreshold: threshold()
    .default(0)
    .meta({ description: 'As in `Stores.MySQL`. 0 inherits.' }),
  HttpCheckPort: checkPort()
    .default(0)
    .meta({ description: 'As in `Stores.MySQL`. 0 inherits, -1 disables the HTTP check.' }),
  HttpCheckPath: text().default('').meta({ description: 'As in `Stores.MySQL`. Empty inherits.' }),
  IgnoreHosts: list(text().min(1))
    .default([])
    .meta({ description: 'As in `Stores.MySQL`. Empty inherits.' }),
  TLS: optionalTls().meta({
    description: 'As in `Stores.MySQL`. What it does not give, it inherits.',
  }),
  HAProxySettings: haproxy
    .prefault({})
    .meta({ description: 'The hosts are the servers of a backend of HAProxy.' }),
  ProxySQLSettings: proxysql
    .prefault({})
    .meta({ description: 'The hosts are those of a host group of ProxySQL.' }),
  VitessSettings: vitess
    .prefault({})
    .meta({ description: 'The hosts are the replicas of a shard of Vitess.' }),
  StaticHostsSettings: staticHosts.prefault({}).meta({ description: 'The hosts are listed here.' }),
});

/** A cluster that gives nothing. */
export const EMPTY_CLUSTER: ClusterConfig = cluster.parse({});

const clusterName = z
  .string()
  .min(1, 'the name of a cluster must not be empty')
  .max(
    CLUSTER_NAME_LENGTH_MAX,
    `the name of a cluster must have at most ${CLUSTER_NAME_LENGTH_MAX} characters`,
  )
  .regex(
    /^[^/]*$/,
    'the name of a cluster must not contain "/": it is one segment of the path of a check',
  )
  .regex(/^\P{Cc}*$/u, 'the name of a cluster must not contain control characters');

const mysql = z.strictObject({
  User: text().default('').meta({ description: 'User of the MySQL servers.' }),
  Password: text().default('').meta({ description: 'Its password.', secret: true }),
  MetricQuery: metricQuery().default('').meta({
    description:
      'The metric: a query of one row and one number (`select …`, `with …`), or `show global …`, whose second column counts. Empty: replication lag in seconds.',
  }),
  CacheMillis: count(DAY_MS).default(0).meta({
    description: 'How long a good value of a host is reused. 0: each probe asks the server.',
  }),
  ThrottleThreshold: threshold()
    .default(0)
    .meta({ description: 'The highest value of the metric that lets writers go on.' }),
  Port: optionalPort()
    .default(MYSQL_DEFAULT_PORT)
    .meta({ description: `Port of hosts that name none. 0: ${MYSQL_DEFAULT_PORT}.` }),
  IgnoreDialTcpErrors: z.boolean().default(false).meta({
    description: 'Leave out hosts that cannot be connected to, instead of failing the check.',
  }),
  IgnoreHostsCount: count(HOSTS_MAX).default(0).meta({
    description:
      'Number of hosts of a cluster that may be left out: first those in error, then those of the highest values, never the last one.',
  }),
  IgnoreHostsThreshold: threshold()
    .default(0)
    .meta({ description: 'If above 0: `IgnoreHostsCount` leaves out only values above this.' }),
  HttpCheckPort: checkPort().default(0).meta({
    description:
      'Port of the HTTP check of the hosts; a host that answers 404 is left out. 0 or -1: no check.',
  }),
  HttpCheckPath: text().default('').meta({ description: 'Path of the HTTP check.' }),
  IgnoreHosts: list(text().min(1))
    .default([])
    .meta({ description: 'Hosts whose `host:port` contains one of these are not probed.' }),
  ProxySQLAddresses: list(address())
    .default([])
    .meta({ description: 'Admin addresses of ProxySQL, each `host:port`.' }),
  ProxySQLUser: text()
    .default('')
    .meta({ description: 'User of the admin interface of ProxySQL.' }),
  ProxySQLPassword: text().default('').meta({ description: 'Its password.', secret: true }),
  VitessCells: list(text().min(1))
    .default([])
    .meta({ description: 'Cells of Vitess whose tablets count. Empty: all.' }),
  Collation: collation()
    .default('')
    .meta({ description: 'Collation of the connections. Empty: that of the client library.' }),
  TLS: optionalTls().meta({
    description: 'Encryption towards the MySQL servers. None unless given.',
  }),
  Clusters: z.record(clusterName, cluster).default({}).meta({
    description: 'The clusters by name; `mysql/<name>` is the store that clients ask for.',
    maxProperties: STORES_MAX,
  }),
});

export const stores = z.strictObject({
  MySQL: mysql
    .prefault({})
    .meta({ description: 'The MySQL clusters, and what they have in common.' }),
});

export type ClusterConfig = z.output<typeof cluster>;
export type MySQLConfig = z.output<typeof mysql>;
export type TlsConfig = z.output<typeof tls>;
