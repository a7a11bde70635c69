/** Schema of the metrics of a store: what is measured beside its own metric, and how. */
import { z } from 'zod';
import { STORE_METRICS_MAX } from '../base/limits.js';
import {
  checkPort,
  count,
  DAY_MS,
  httpUrl,
  list,
  metricName,
  metricQuery,
  optionalPort,
  text,
  threshold,
} from './key-types.js';
import { KNOWN_METRICS } from './known-metrics.js';
import { HOSTS_MAX, hostSources, httpsAuthorities, optionalTls } from './schema-hosts.js';

const CATCH_UP_MINUTES_MAX = 7 * 24 * 60;
const PERCENT_MAX = 100;
const PROMETHEUS_INTERVAL_MS = { min: 100, default: 5_000 };

export const CATCH_UP_DEFAULTS = { aboveSeconds: 600, maxMinutes: 240 };

const catchUp = z.strictObject({
  Enabled: z.boolean().optional().meta({
    description: 'Whether hosts may catch up. Default: true where a `CatchUp` object is set.',
  }),
  AboveSeconds: threshold()
    .optional()
    .meta({
      description:
        'A host that joins with a value above this is catching up: it is left out until its ' +
        `value is first at or below its threshold. Default: ${CATCH_UP_DEFAULTS.aboveSeconds}.`,
    }),
  MaxMinutes: z
    .int()
    .min(1)
    .max(CATCH_UP_MINUTES_MAX)
    .optional()
    .meta({
      description:
        'Minutes after which it counts, whatever its value. ' +
        `Default: ${CATCH_UP_DEFAULTS.maxMinutes}.`,
    }),
});

/** `CatchUp` wherever it occurs. */
export const optionalCatchUp = () => catchUp.optional();

/** `ThrottleMode` and `Mode`. */
export const optionalMode = () => z.enum(['enforce', 'observe']).optional();

export const percent = () => z.number().min(0).max(PERCENT_MAX);

const prometheus = z.strictObject({
  URL: httpUrl().default('').meta({
    description: 'Address of the server, without `/api`.',
    credentials: true,
  }),
  CAFile: httpsAuthorities(),
  Query: text().default('').meta({
    description: 'An instant query that yields one number, or one for each host.',
  }),
  IntervalMillis: z
    .int()
    .min(PROMETHEUS_INTERVAL_MS.min)
    .max(DAY_MS)
    .default(PROMETHEUS_INTERVAL_MS.default)
    .meta({ description: 'Milliseconds between two queries.' }),
});

/** Where JSON Schema has it: both `Metrics` refer to it. */
const METRIC_ID = 'Metric';

const metric = z
  .strictObject({
    Enabled: z.boolean().optional().meta({
      description:
        'Whether there is this metric. Default: true; `false` takes out an inherited one.',
    }),
    Threshold: threshold().optional().meta({
      description: 'Checks pass while the metric is at or below this value. Not set is a warning.',
    }),
    Mode: optionalMode().meta({
      description:
        '`enforce`: checks wait while the metric is above its threshold. ' +
        '`observe`: it is judged, counted and shown, and denies nothing. Default: `enforce`.',
    }),
    Query: metricQuery().optional().meta({
      description: 'As `MetricQuery`. Known metrics, by their names, need none.',
    }),
    Kind: z
      .enum(['query', 'rate'])
      .optional()
      .meta({
        description:
          '`query`: the number that `Query` yields. ' +
          '`rate`: how much that number grows per second. Default: `query`.',
      }),
    Prometheus: prometheus.optional().meta({
      description: 'A Prometheus server that is queried instead of the hosts.',
    }),
    Hosts: hostSources.optional().meta({
      description:
        'Other hosts than those of the cluster: one source, of any kind. ' +
        'What it does not set, it inherits from the same source of the cluster.',
    }),
    CacheMillis: count(DAY_MS).optional().meta({ description: 'As of the cluster.' }),
    Port: optionalPort().optional().meta({ description: 'As of the cluster. 0 inherits.' }),
    User: text().optional().meta({ description: 'As of the cluster. Empty inherits.' }),
    Password: text()
      .optional()
      .meta({ description: 'As of the cluster. Empty inherits.', secret: true }),
    PasswordFile: text().optional().meta({
      description: 'As of the cluster. Empty inherits, unless `Password` is set.',
    }),
    TLS: optionalTls().meta({ description: 'As of the cluster. Keys that are not set inherit.' }),
    IgnoreHosts: list(text().min(1)).optional().meta({ description: 'As of the cluster.' }),
    IgnoreHostsCount: count(HOSTS_MAX).optional().meta({ description: 'As of the cluster.' }),
    IgnoreHostsPercent: percent().optional().meta({ description: 'As of the cluster.' }),
    IgnoreHostsThreshold: threshold().optional().meta({
      description: 'As of the cluster. Set it where the metric has another unit.',
    }),
    IgnoreDialTcpErrors: z.boolean().optional().meta({ description: 'As in `Stores.MySQL`.' }),
    HttpCheckPort: checkPort().optional().meta({
      description: 'As of the cluster. 0 or -1: no HTTP check.',
    }),
    HttpCheckPath: text().optional().meta({ description: 'As of the cluster. Empty inherits.' }),
    HttpCheckTLS: optionalTls().meta({
      description: 'As of the cluster. Keys that are not set inherit.',
    }),
    CatchUp: optionalCatchUp().meta({
      description:
        'As in `Stores.MySQL`, and not inherited. `AboveSeconds` is in the unit of the metric.',
    }),
  })
  .meta({ id: METRIC_ID });

/** `Metrics` wherever it occurs; editors are offered the names that need no query. */
export const metrics = () =>
  z
    .record(metricName(), metric)
    .default({})
    .meta({ maxProperties: STORE_METRICS_MAX, properties: offeredNames() });

function offeredNames(): object {
  const entries = [...KNOWN_METRICS].map(([name, { unit, threshold: start, servers }]) => [
    name,
    {
      allOf: [{ $ref: `#/definitions/${METRIC_ID}` }],
      description: `${unit}. On ${servers}. A threshold to start from: ${start}.`,
    },
  ]);
  return Object.fromEntries(entries);
}

export type MetricConfig = z.output<typeof metric>;
export type CatchUpConfig = z.output<typeof catchUp>;
