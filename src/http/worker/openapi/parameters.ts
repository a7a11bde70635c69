/** The parameters of paths and queries, by their names. */
import type { QueryName } from './endpoints.js';
import { type JsonSchema, list, NUMBER, oneOf, TEXT, WHOLE } from './schema.js';

interface DescribedParameter {
  readonly description: string;
  readonly schema: JsonSchema;
  /** Where it is not that by which this file has it. */
  readonly name?: string;
}

const LONG_NAME: JsonSchema = { type: 'string', maxLength: 1024 };
const NOTE: JsonSchema = { type: 'string', maxLength: 200 };

export const PATH_PARAMETERS: Readonly<Record<string, DescribedParameter>> = {
  app: { description: 'the name of an app', schema: LONG_NAME },
  storeType: { description: 'the type of the store', schema: oneOf('mysql') },
  storeName: { description: 'the name of a store', schema: LONG_NAME },
  threshold: { description: 'a threshold, from 0', schema: NUMBER },
  metric: { description: 'the name of a metric of the store', schema: LONG_NAME },
  ttlMinutes: { description: 'for how many whole minutes', schema: WHOLE },
  ratio: {
    description: 'the share of checks that is denied',
    schema: { type: 'number', minimum: 0, maximum: 1 },
  },
  hostName: { description: 'a host, for all its ports, or host:port', schema: LONG_NAME },
  lastMinutes: { description: 'of the last whole minutes; 0: of a day', schema: WHOLE },
  file: { description: 'the name of a file', schema: TEXT },
};

export const QUERIES: Readonly<Record<QueryName, DescribedParameter>> = {
  p: { description: 'the priority of the check', schema: oneOf('low', 'normal') },
  metric: { description: 'names of metrics, by commas: these alone are judged', schema: TEXT },
  verbose: { description: 'adds the reasons to the body', schema: oneOf(1) },
  wait: {
    description: 'waits up to so many seconds for 200',
    schema: { type: 'number', minimum: 0, maximum: 60 },
  },
  store: { description: 'only of this store, such as mysql/main1', schema: TEXT },
  stores: { name: 'store', description: 'a store, such as mysql/main1', schema: list(TEXT) },
  threshold: { description: 'the threshold of a check-read', schema: NUMBER },
  store_name: { description: 'concerns the app on this store alone', schema: LONG_NAME },
  reason: { description: 'why; kept with the entry', schema: NOTE },
  owner: { description: 'who; kept with the entry', schema: NOTE },
  since: {
    description: 'a time (RFC 3339, or Unix seconds), or a duration such as 10m',
    schema: TEXT,
  },
  limit: { description: 'at most so many', schema: { type: 'integer', minimum: 1 } },
  app: { description: 'how the names of the apps begin', schema: TEXT },
  seconds: {
    description: 'of the last seconds',
    schema: { type: 'integer', minimum: 1, maximum: 900 },
  },
  brief: { description: 'three decimals', schema: oneOf('true', 'false') },
  thread: { description: 'the kind of thread', schema: oneOf('main', 'http', 'probe') },
  profileSeconds: { name: 'seconds', description: 'how long', schema: NUMBER },
};
