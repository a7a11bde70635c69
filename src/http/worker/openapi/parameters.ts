/** The parameters of paths and queries, with the limits that the router's code has. */
import { STORE_LENGTH_MAX } from '../../../base/limits.js';
import { THREAD_KINDS } from '../../../contracts/diagnostics.js';
import {
  APP_LENGTH_MAX,
  HOST_LENGTH_MAX,
  NOTE_LENGTH_MAX,
  SHORT_TTL_MINUTES_MAX,
  TTL_MINUTES_MAX,
} from '../../../throttle/command-limits.js';
import { LIMIT_MAX as APPS_MAX } from '../app-selection.js';
import { STORES_MAX, WAIT_SECONDS_MAX } from '../check-requests.js';
import { LIMIT_MAX as EVENTS_MAX } from '../event-request.js';
import { SECONDS_MAX as HISTORY_SECONDS_MAX } from '../history-request.js';
import { LIMIT_MAX as ENTRIES_MAX } from '../list-page.js';
import { SECONDS_MAX as PROFILE_SECONDS_MAX } from '../profile-request.js';
import { NAME_LENGTH_MAX } from '../url-params.js';
import { type JsonSchema, NUMBER, numberFrom, oneOf, TEXT, wholeFrom } from './schema.js';

export interface DescribedParameter {
  readonly description: string;
  readonly schema: JsonSchema;
  /** Where it is not that by which this file has it. */
  readonly name?: string;
  readonly required?: true;
  /** A value that is not valid counts as none. */
  readonly isLenient?: true;
  /** Only of paths that have this parameter. */
  readonly beside?: PathParameterName;
  /** Values are separated by commas. */
  readonly isCommaList?: true;
}

const NAME: JsonSchema = { type: 'string', maxLength: NAME_LENGTH_MAX };
const APP: JsonSchema = { type: 'string', maxLength: APP_LENGTH_MAX };
const NOTE: JsonSchema = { type: 'string', maxLength: NOTE_LENGTH_MAX };

export const PATH_PARAMETERS = {
  app: { description: 'The name of an app.', schema: NAME },
  commandedApp: { name: 'app', description: 'The name of an app.', schema: APP },
  throttledApp: {
    name: 'app',
    description: 'The name of an app; * stands for every app but exempted ones and freno.',
    schema: APP,
  },
  storeType: { description: 'The type of the store.', schema: oneOf('mysql') },
  storeName: { description: 'The name of a store, as configured.', schema: NAME },
  threshold: {
    description: 'In the unit of the metric; seconds of lag.',
    schema: numberFrom(0),
  },
  readThreshold: {
    name: 'threshold',
    description: "The client's own threshold: a finite decimal number.",
    schema: NUMBER,
  },
  metric: { description: 'The name of a metric of the store.', schema: NAME },
  ttlMinutes: {
    description: 'Minutes until the entry ends. 0: a throttle stays until it is removed.',
    schema: wholeFrom(0, TTL_MINUTES_MAX),
  },
  shortTtlMinutes: {
    name: 'ttlMinutes',
    description: 'Minutes until the entry ends.',
    schema: wholeFrom(1, SHORT_TTL_MINUTES_MAX),
  },
  ratio: { description: 'The share of checks that is denied.', schema: numberFrom(0, 1) },
  hostName: {
    description:
      'A name or an address, for all its ports, or host:port; IPv6 as [2001:db8::1]:3306.',
    schema: { type: 'string', maxLength: HOST_LENGTH_MAX },
  },
  lastMinutes: { description: 'Of the last minutes; 0: of a day.', schema: wholeFrom(0) },
  file: { description: 'The name of a file.', schema: NAME },
} as const satisfies Readonly<Record<string, Omit<DescribedParameter, 'beside'>>>;

export type PathParameterName = keyof typeof PATH_PARAMETERS;

export const QUERIES = {
  p: {
    description: 'The priority; by default that of the rule of the app.',
    schema: oneOf('low', 'normal'),
    isLenient: true,
  },
  metric: {
    description: 'Names of metrics: these alone are judged.',
    schema: { type: 'array', items: TEXT },
    isCommaList: true,
  },
  verbose: { description: 'Adds the reasons to the body.', schema: oneOf(1), isLenient: true },
  wait: {
    description: 'Seconds to wait for 200, also with decimals.',
    schema: numberFrom(0, WAIT_SECONDS_MAX),
  },
  stores: {
    name: 'store',
    description: 'A store, such as mysql/main1; once for each.',
    schema: { type: 'array', items: TEXT, minItems: 1, maxItems: STORES_MAX },
    required: true,
  },
  threshold: { description: 'The threshold of a check-read.', schema: NUMBER },
  store_name: {
    description: 'Concerns the app on this store alone.',
    schema: { type: 'string', maxLength: STORE_LENGTH_MAX },
    beside: 'app',
  },
  reason: { description: 'Why: kept with the entry, and logged.', schema: NOTE },
  owner: { description: 'Who: kept with the entry, and logged.', schema: NOTE },
  since: {
    description: 'A time (RFC 3339, or Unix seconds), or a duration such as 10m (s, m, h, d).',
    schema: TEXT,
  },
  events: {
    name: 'limit',
    description: 'How many of the newest.',
    schema: wholeFrom(1, EVENTS_MAX),
  },
  apps: { name: 'limit', description: 'How many apps.', schema: wholeFrom(1, APPS_MAX) },
  ofStore: { name: 'store', description: 'Only of this store, as mysql/main1.', schema: TEXT },
  ofApps: { name: 'app', description: 'Only of apps whose names begin so.', schema: TEXT },
  lastSeconds: {
    name: 'seconds',
    description: 'Of the last seconds.',
    schema: wholeFrom(1, HISTORY_SECONDS_MAX),
  },
  entries: {
    name: 'limit',
    description: 'How many entries at most, in the order of their names.',
    schema: wholeFrom(1, ENTRIES_MAX),
  },
  after: { description: 'Only entries whose names follow this one.', schema: NAME },
  prefix: { description: 'Only entries whose names begin so.', schema: NAME },
  brief: {
    description: 'With 3 decimals instead of 6.',
    schema: oneOf('true', 'false'),
    isLenient: true,
  },
  thread: { description: 'The kind of thread; by default main.', schema: oneOf(...THREAD_KINDS) },
  profileSeconds: {
    name: 'seconds',
    description: 'How long; 30 unless given.',
    schema: wholeFrom(1, PROFILE_SECONDS_MAX),
  },
} as const satisfies Readonly<Record<string, DescribedParameter>>;

export type QueryName = keyof typeof QUERIES;
