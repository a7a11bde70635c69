/** Schema of the sources of hosts, and of the encryption of connections. */

import { z } from 'zod';
import { LIST_HOSTS_MAX } from '../base/limits.js';
import {
  address,
  count,
  DAY_MS,
  httpAddresses,
  httpUrl,
  list,
  optionalHost,
  optionalPort,
  text,
} from './key-types.js';

const SECONDS_MAX = DAY_MS / 1_000;

/** Hosts of one cluster. */
export const HOSTS_MAX = LIST_HOSTS_MAX;

const tls = z.strictObject({
  Enabled: z.boolean().optional().meta({
    description: 'Whether connections are encrypted. Default: true where a `TLS` object is set.',
  }),
  CAFile: text().default('').meta({
    description: "File of the trusted certificate authorities (PEM). Empty: Node's own list.",
  }),
  CertFile: text()
    .default('')
    .meta({ description: 'File of the client certificate (PEM). Needs `KeyFile`.' }),
  KeyFile: text()
    .default('')
    .meta({ description: 'File of the key of the client certificate (PEM). Needs `CertFile`.' }),
  ServerName: text().default('').meta({
    description: "Expected name in the server's certificate. Empty: the name of the host.",
  }),
  SkipVerify: z
    .boolean()
    .optional()
    .meta({
      description:
        'Accept any certificate: encrypts, but does not protect against a man in the middle. ' +
        'Default: false.',
    }),
});

/** `CAFile` beside an address of HTTPS. */
export const httpsAuthorities = () =>
  text()
    .default('')
    .meta({
      description:
        'File of the certificate authorities that an `https://` address is verified against ' +
        "(PEM). Empty: the system's list.",
    });

/** To which servers the password is sent. */
export const optionalLogin = () => z.enum(['any', 'tls']).optional();

/** `TLS` wherever it occurs. */
export const optionalTls = () => tls.optional();

const staticHosts = z.strictObject({
  Hosts: list(address(), HOSTS_MAX)
    .default([])
    .meta({ description: 'The hosts, each `host` or `host:port`.' }),
});

const haproxy = z.strictObject({
  Host: optionalHost()
    .default('')
    .meta({
      description:
        'Host of the statistics page. Used only together with `Port`, and then instead of ' +
        '`Addresses`.',
    }),
  Port: optionalPort().default(0).meta({ description: 'Port of the statistics page at `Host`.' }),
  Addresses: httpAddresses()
    .default('')
    .meta({
      description:
        'Addresses of the statistics page, comma-separated in one string; ' +
        'each may have a scheme, port and path.',
      credentials: true,
    }),
  PoolName: text()
    .default('')
    .meta({ description: 'Name of the backend whose servers are the hosts.' }),
  CAFile: httpsAuthorities(),
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
  PasswordFile: text().default('').meta({
    description: 'File that holds it, instead of `Password`.',
  }),
  HostgroupID: count(Number.MAX_SAFE_INTEGER).optional().meta({
    description: 'Host group whose servers are the hosts. Default with `Addresses`: 0.',
  }),
  IgnoreServerTTLSecs: count(SECONDS_MAX)
    .default(0)
    .meta({
      description:
        'Seconds for which a server is not probed after it returned to the state ONLINE. ' +
        '0: 10 seconds.',
    }),
});

const vitess = z.strictObject({
  API: httpUrl().default('').meta({
    description: 'URL of the vtctld API, with or without `/api` at its end.',
    credentials: true,
  }),
  Cells: list(text().min(1))
    .default([])
    .meta({
      description:
        'Cells whose tablets are probed. ' +
        'Empty: `VitessCells` of `Stores.MySQL`, or all cells if that is empty too.',
    }),
  Keyspace: text().default('').meta({ description: 'The keyspace.' }),
  Shard: text().default('').meta({ description: 'The shard.' }),
  TimeoutSecs: count(SECONDS_MAX)
    .default(0)
    .meta({ description: 'Timeout of a request. 0: 5 seconds.' }),
  CAFile: httpsAuthorities(),
});

/** The sources of hosts, wherever one can be named. */
export const hostSourceKeys = {
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
};

export const hostSources = z.strictObject(hostSourceKeys);

export type HostSourcesConfig = z.output<typeof hostSources>;
export type TlsConfig = z.output<typeof tls>;

/** No source at all. */
export const NO_SOURCES: HostSourcesConfig = hostSources.parse({});
