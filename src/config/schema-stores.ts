/** Schema of `Stores`: the clusters that are probed, and how. */
import { z } from 'zod';
import { STORE_LENGTH_MAX, STORES_MAX } from '../base/limits.js';
import { MYSQL_DEFAULT_PORT } from '../base/mysql/default-port.js';
import {
  address,
  checkPort,
  collation,
  connectionAge,
  count,
  DAY_MS,
  list,
  metricQuery,
  optionalMetricName,
  optionalPort,
  text,
  threshold,
} from './key-types.js';
import { KNOWN_METRICS } from './known-metrics.js';
import { HOSTS_MAX, hostSourceKeys, optionalLogin, optionalTls } from './schema-hosts.js';
import { metrics, optionalCatchUp, optionalMode, percent } from './schema-metrics.js';

const cluster = z.strictObject({
  User: text().default('').meta({ description: 'As in `Stores.MySQL`. Empty inherits.' }),
  Password: text()
    .default('')
    .meta({ description: 'As in `Stores.MySQL`. Empty inherits.', secret: true }),
  PasswordFile: text().default('').meta({
    description: 'As in `Stores.MySQL`. Empty inherits, unless `Password` is set.',
  }),
  MetricQuery: metricQuery()
    .default('')
    .meta({ description: 'As in `Stores.MySQL`. Empty inherits.' }),
  MetricName: optionalMetricName()
    .default('')
    .meta({ description: 'As in `Stores.MySQL`. Empty inherits.' }),
  CacheMillis: count(DAY_MS).default(0).meta({ description: 'As in `Stores.MySQL`. 0 inherits.' }),
  ThrottleThreshold: threshold()
    .default(0)
    .meta({ description: 'As in `Stores.MySQL`. 0 inherits.' }),
  ThrottleMode: optionalMode().meta({ description: 'As in `Stores.MySQL`. Not set inherits.' }),
  Metrics: metrics().meta({
    description:
      'As in `Stores.MySQL`, whose metrics the cluster inherits: ' +
      'a key that a metric does not set here is that of the metric of the same name there.',
  }),
  Port: optionalPort().default(0).meta({ description: 'As in `Stores.MySQL`. 0 inherits.' }),
  IgnoreHostsCount: count(HOSTS_MAX)
    .default(0)
    .meta({ description: 'As in `Stores.MySQL`. 0 inherits.' }),
  IgnoreHostsPercent: percent()
    .default(0)
    .meta({ description: 'As in `Stores.MySQL`. 0 inherits.' }),
  IgnoreHostsThreshold: threshold()
    .default(0)
    .meta({ description: 'As in `Stores.MySQL`. 0 inherits.' }),
  CatchUp: optionalCatchUp().meta({
    description: 'As in `Stores.MySQL`. Keys that are not set inherit.',
  }),
  HttpCheckPort: checkPort()
    .default(0)
    .meta({ description: 'As in `Stores.MySQL`. 0 inherits, -1 disables the HTTP check.' }),
  HttpCheckPath: text().default('').meta({ description: 'As in `Stores.MySQL`. Empty inherits.' }),
  HttpCheckTLS: optionalTls().meta({
    description: 'As in `Stores.MySQL`. Keys that are not set inherit.',
  }),
  IgnoreHosts: list(text().min(1))
    .default([])
    .meta({ description: 'As in `Stores.MySQL`. Empty inherits.' }),
  TLS: optionalTls().meta({
    description: 'As in `Stores.MySQL`. Keys that are not set inherit.',
  }),
  Login: optionalLogin().meta({ description: 'As in `Stores.MySQL`. Not set inherits.' }),
  ServerPublicKeyFile: text()
    .default('')
    .meta({ description: 'As in `Stores.MySQL`. Empty inherits.' }),
  ...hostSourceKeys,
});

/** A cluster without any key set. */
export const EMPTY_CLUSTER: ClusterConfig = cluster.parse({});

const clusterName = z
  .string()
  .min(1, 'the name of a cluster must not be empty')
  .max(STORE_LENGTH_MAX, `the name of a cluster must have at most ${STORE_LENGTH_MAX} characters`)
  .regex(
    /^[^/]*$/,
    'the name of a cluster must not contain "/": it is a segment of the path of a check',
  )
  .regex(/^\P{Cc}*$/u, 'the name of a cluster must not contain control characters');

const mysql = z.strictObject({
  User: text().default('').meta({ description: 'User of the MySQL servers.' }),
  Password: text().default('').meta({ description: 'Its password.', secret: true }),
  PasswordFile: text()
    .default('')
    .meta({
      description:
        'File that holds the password, instead of `Password`. ' +
        'It may change while freno runs: see [Security](security.md#passwords-in-files).',
    }),
  MetricQuery: metricQuery()
    .default('')
    .meta({
      description:
        'The metric: one statement that returns one row with one number (`select …`, `with …`), ' +
        'or `show global …`, whose second column is the value. ' +
        'Empty: replication lag in seconds.',
    }),
  MetricName: optionalMetricName().default('').meta({
    description: 'Name of the own metric of a cluster, which `MetricQuery` reads. Empty: `lag`.',
  }),
  CacheMillis: count(DAY_MS).default(0).meta({
    description:
      'Milliseconds for which a valid value of a host is reused. 0: each probe queries the server.',
  }),
  ThrottleThreshold: threshold()
    .default(0)
    .meta({
      description:
        'Checks pass while the metric is at or below this value. ' +
        '0 or not set is a warning where a cluster inherits it.',
    }),
  ThrottleMode: optionalMode().meta({
    description:
      'Whether the own metric of a cluster may deny a check: `enforce`, or `observe`: it is ' +
      'judged, counted and shown, and denies nothing. Default: `enforce`.',
  }),
  Metrics: metrics().meta({
    description:
      'Other metrics of each cluster, by name. Those of these names need no `Query`: ' +
      `${[...KNOWN_METRICS.keys()].map((name) => `\`${name}\``).join(', ')}.`,
  }),
  Port: optionalPort()
    .default(MYSQL_DEFAULT_PORT)
    .meta({ description: `Port of hosts without one. 0: ${MYSQL_DEFAULT_PORT}.` }),
  IgnoreDialTcpErrors: z.boolean().default(false).meta({
    description: 'Ignore hosts to which no connection can be made, instead of failing the check.',
  }),
  IgnoreHostsCount: count(HOSTS_MAX)
    .default(0)
    .meta({
      description:
        'Number of hosts of a cluster that may be ignored: first hosts in error, then hosts with ' +
        'the highest values, never the last one.',
    }),
  IgnoreHostsPercent: percent()
    .default(0)
    .meta({
      description:
        'Percentage of the hosts of a cluster that may be ignored, rounded down. ' +
        'Where `IgnoreHostsCount` allows more, that counts.',
    }),
  IgnoreHostsThreshold: threshold()
    .default(0)
    .meta({ description: 'If above 0, only values above this are ignored.' }),
  CatchUp: optionalCatchUp().meta({
    description:
      'Leaves a host out that joins far behind, until it has caught up. None if not set.',
  }),
  HttpCheckPort: checkPort()
    .default(0)
    .meta({
      description:
        'Port of the HTTP check of the hosts; a host that responds 404 is not probed. ' +
        '0 or -1: no check.',
    }),
  HttpCheckPath: text().default('').meta({ description: 'Path of the HTTP check.' }),
  HttpCheckTLS: optionalTls().meta({
    description: 'Encryption of the HTTP check (`https`). None if not set.',
  }),
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
  ProxySQLPasswordFile: text()
    .default('')
    .meta({ description: 'File that holds it, instead of `ProxySQLPassword`.' }),
  VitessCells: list(text().min(1))
    .default([])
    .meta({ description: 'Cells of Vitess whose tablets are probed. Empty: all.' }),
  Collation: collation()
    .default('')
    .meta({ description: 'Collation of the connections. Empty: that of the client library.' }),
  TLS: optionalTls().meta({
    description: 'Encryption of the connections to the MySQL servers. None if not set.',
  }),
  Login: optionalLogin().meta({
    description:
      '`tls`: a configuration is refused that would send the password to a server which has not ' +
      'proved who it is, by TLS or by `ServerPublicKeyFile`. Default: `any`.',
  }),
  ServerPublicKeyFile: text()
    .default('')
    .meta({
      description:
        'File of the RSA key of the servers (PEM; `caching_sha2_password_public_key_path`), with ' +
        'which logins without TLS encrypt the password. Empty: the server is asked for its key.',
    }),
  MaxConnectionAgeSecs: connectionAge()
    .default(60)
    .meta({
      description:
        'Seconds after which a connection to a MySQL server is replaced by a new one, without a ' +
        'gap: a proxy, the account or the time zone of the server may have changed.',
    }),
  Clusters: z.record(clusterName, cluster).default({}).meta({
    description: 'The clusters by name; checks refer to a cluster as `mysql/<name>`.',
    maxProperties: STORES_MAX,
  }),
});

export const stores = z.strictObject({
  MySQL: mysql.prefault({}).meta({ description: 'The MySQL clusters, and their common settings.' }),
});

export type ClusterConfig = z.output<typeof cluster>;
export type MySQLConfig = z.output<typeof mysql>;
