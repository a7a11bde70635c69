/** Schema of the whole configuration file: every key, its type, bounds, default and description. */
import { z } from 'zod';
import { address, count, list, port, text } from './key-types.js';
import { accessKeys } from './schema-access.js';
import { appKeys } from './schema-apps.js';
import { backendKeys, raftKeys } from './schema-consensus.js';
import { optionalTls } from './schema-hosts.js';
import { listenKeys } from './schema-listen.js';
import { stores } from './schema-stores.js';

const WORKERS_MAX = 64;

const serviceKeys = {
  ListenPort: port().default(8087).meta({ description: 'Port of the HTTP service.' }),
  ...listenKeys,
  HttpEngine: z
    .enum(['auto', 'uws', 'node'])
    .default('auto')
    .meta({
      description:
        'HTTP server: `uws` (uWebSockets.js, a native module), `node` (node:http, one worker), ' +
        'or `auto`: `uws` where its module loads, else `node`.',
    }),
  HttpWorkers: count(WORKERS_MAX)
    .default(0)
    .meta({
      description:
        'Threads that serve HTTP. ' +
        '0: one less than the number of cores, at least 1 and at most 4. ' +
        'With `node` always 1.',
    }),
  ProbeWorkers: count(WORKERS_MAX).default(0).meta({
    description: 'Threads that probe. 0: half the number of cores, at least 1 and at most 4.',
  }),
  EnableProfiling: z.boolean().default(false).meta({
    description: 'Serve CPU profiles and heap snapshots under `/debug/pprof/`.',
  }),
};

const shareDomainTls = z.strictObject({
  CAFile: text().default('').meta({
    description: 'File of the authorities (PEM). Empty: those that Node.js knows.',
  }),
  Mode: z
    .enum(['accept', 'require'])
    .default('require')
    .meta({
      description:
        '`require`: leaders are asked over TLS alone. ' +
        '`accept`: those that do not speak it are asked in clear, while TLS is introduced.',
    }),
});

const domainKeys = {
  DataCenter: text().default('').meta({ description: 'Name of the data center.' }),
  Environment: text().default('').meta({ description: 'Name of the environment.' }),
  Domain: text()
    .default('')
    .meta({
      description:
        'Nodes of one domain elect one leader. ' +
        'Empty: `DataCenter:Environment`, if one of them is set.',
    }),
  ShareDomain: text().default('').meta({
    description:
      'Leaders of several domains that share this name throttle together. Needs the MySQL backend.',
  }),
  ShareDomainTLS: shareDomainTls.optional().meta({
    description: 'Leaders of other domains are asked over HTTPS. If not set, over HTTP.',
  }),
};

const throttleKeys = {
  ThrottleMode: z
    .enum(['enforce', 'observe'])
    .default('enforce')
    .meta({
      description:
        '`observe`: no metric of any store denies a check, whatever its own mode; ' +
        'all are judged, counted and shown.',
      live: true,
    }),
};

const memcacheKeys = {
  MemcacheServers: list(address()).default([]).meta({
    description:
      'memcached servers to which the values are published, each `host` or `host:port` (11211).',
    live: true,
  }),
  MemcachePath: text().default('freno').meta({
    description: 'First part of the memcached keys: `<MemcachePath>/mysql/<store>`.',
    live: true,
  }),
  MemcacheTLS: optionalTls().meta({
    description: 'Encryption of the connections to the memcached servers. None if not set.',
    live: true,
  }),
};

/** The keys of the top level by subject. */
export const topLevelGroups = {
  Service: serviceKeys,
  Raft: raftKeys,
  'MySQL backend': backendKeys,
  Domain: domainKeys,
  memcached: memcacheKeys,
  Throttling: { ...throttleKeys, ...appKeys },
  'Who may do what': accessKeys,
};

export const configSchema = z.strictObject({
  $schema: z.string().optional().meta({
    description: 'For editors: location of the JSON Schema of this file. Not used by freno.',
  }),
  ...serviceKeys,
  ...raftKeys,
  ...backendKeys,
  ...domainKeys,
  ...memcacheKeys,
  ...throttleKeys,
  ...appKeys,
  ...accessKeys,
  Stores: stores.prefault({}).meta({ description: 'The stores that are probed.', live: true }),
});

/** The configuration as a user writes it: every key is optional. */
export type ConfigInput = z.input<typeof configSchema>;

/** The configuration with every default in place. It holds passwords: never log it. */
export type FrenoConfig = z.output<typeof configSchema>;
