/** The bodies of responses, by the names under which the document has them. */
import {
  described,
  FLAG,
  type JsonSchema,
  list,
  type Members,
  map,
  NUMBER,
  nullable,
  object,
  oneOf,
  TEXT,
  TIME,
  WHOLE,
} from './schema.js';

const STATUS_AND_MESSAGE: Members = { StatusCode: WHOLE, Message: TEXT };

const CHECKED: Members = {
  StatusCode: described(WHOLE, 'the HTTP status of the check'),
  Value: described(NUMBER, 'of the metric that decided'),
  Threshold: NUMBER,
  Message: TEXT,
};

const NOTE: Members = { Reason: TEXT, Owner: TEXT, At: TIME };

const METRIC_STATE = oneOf('within', 'above', 'error', 'not read yet', 'unknown');
const MODE = oneOf('enforce', 'observe');
const POINTS = list(nullable(NUMBER));

const HOST_LIST: Members = {
  Source: TEXT,
  Hosts: list(TEXT),
  IgnoredHosts: list(TEXT),
  SkippedHosts: list(TEXT),
  LastReadAt: nullable(TIME),
  LastError: TEXT,
  OddRows: list(TEXT),
};

const RULE = object(
  { Kind: TEXT },
  { Key: TEXT, Threshold: NUMBER, Ratio: NUMBER, ExpireAt: TIME, ...NOTE },
);

const JUDGED_METRIC = object(
  { ...CHECKED, Metric: TEXT, Mode: MODE },
  { Host: TEXT, Since: TIME, AgeSeconds: NUMBER },
);

const MATCHED: Members = {
  AppSeen: described(nullable(FLAG), 'whether the app has checked here in the last 24 hours'),
  StoreConfigured: FLAG,
  Hosts: nullable(list(TEXT)),
  Stores: nullable(list(TEXT)),
  StoresWithoutHosts: nullable(list(TEXT)),
  Omitted: WHOLE,
  Entries: described(WHOLE, 'how many entries in force the command ended'),
  Metric: TEXT,
};

const STORE_METRIC = object(
  { Metric: TEXT, Mode: MODE, State: METRIC_STATE, Threshold: NUMBER },
  {
    ...{ Value: NUMBER, ConfiguredThreshold: NUMBER, SetUntil: TIME, Host: TEXT },
    ...{ AgeSeconds: NUMBER, Since: TIME, Error: TEXT },
  },
);

const STORE_HOST = object(
  { Host: TEXT },
  {
    Metrics: list(
      object(
        { Metric: TEXT, Standing: TEXT },
        {
          ...{ Decides: FLAG, Value: NUMBER, AgeSeconds: NUMBER },
          ...{ Error: TEXT, ErrorAgeSeconds: NUMBER },
        },
      ),
    ),
    ...{ Standing: TEXT, Until: TIME, Owner: TEXT, Reason: TEXT },
  },
);

const CLUSTER_NODE = object({
  Node: TEXT,
  HTTP: nullable(TEXT),
  Role: nullable(TEXT),
  Term: nullable(WHOLE),
  CommitIndex: nullable(WHOLE),
  AppliedIndex: nullable(WHOLE),
  Version: nullable(TEXT),
  ConfigHash: nullable(WHOLE),
  SameConfig: nullable(FLAG),
  ClockDifferenceMillis: nullable(NUMBER),
  LastContactMillis: nullable(NUMBER),
  Error: TEXT,
});

const ASKING_APP = object(
  {
    ...{ App: TEXT, Store: TEXT, PerSecond: NUMBER, WaitShare: NUMBER },
    ...{ LastStatus: WHOLE, LastSeen: TIME },
  },
  {
    ...{ WaitingSeconds: NUMBER, LongestWaitSeconds: NUMBER, Metric: TEXT, Host: TEXT },
    ...{ Entry: TEXT, Why: oneOf('lag', 'operator', 'priority', 'error', 'unknown store') },
  },
);

const CHECK_RESULT = object(CHECKED, {
  Metric: TEXT,
  Host: TEXT,
  Since: TIME,
  Rule: RULE,
  Why: described(TEXT, 'one sentence, with verbose=1'),
  Metrics: list(JUDGED_METRIC),
  Leader: TEXT,
  LeaderHTTP: TEXT,
});

export const BODIES = {
  General: object(STATUS_AND_MESSAGE),
  Check: CHECK_RESULT,
  CheckAll: object(
    { ...CHECKED, Stores: list(object({ ...CHECKED, Store: TEXT }, { Metric: TEXT })) },
    { Metric: TEXT },
  ),
  Command: object(STATUS_AND_MESSAGE, { Matched: object({}, MATCHED), Leader: TEXT }),
  Matches: object({}, MATCHED),
  ThrottledApps: map(object({ ExpireAt: TIME, Ratio: NUMBER }, NOTE)),
  SkippedHosts: map({ anyOf: [TIME, object({ ExpireAt: TIME }, NOTE)] }),
  ExemptedApps: map(object({ ExpireAt: TIME }, NOTE)),
  Thresholds: map(object({ Threshold: NUMBER, ExpireAt: TIME }, NOTE)),
  RecentApps: map(object({ CheckedAtEpoch: WHOLE, MinutesSinceChecked: WHOLE })),
  Apps: object({ Total: WHOLE, Apps: list(ASKING_APP) }),
  Text: TEXT,
  Quoted: described(TEXT, 'a JSON string'),
  ConsensusStatus: map({}),
  Cluster: object({
    Self: TEXT,
    Leader: TEXT,
    LeaderHTTP: nullable(TEXT),
    Nodes: list(CLUSTER_NODE),
  }),
  AggregatedMetrics: map(TEXT),
  MetricsHealth: map(
    object({ LastHealthyAt: TIME, SecondsSinceLastHealthy: WHOLE }, { Mode: MODE }),
  ),
  Memcache: object({ MemcacheServers: list(TEXT), MemcachePath: TEXT }),
  Stores: object({ Leading: FLAG, Stores: map(object({ Metrics: list(STORE_METRIC) })) }),
  Store: object(
    { Store: TEXT, Leading: FLAG, Metrics: list(STORE_METRIC), Hosts: list(STORE_HOST) },
    { HostsError: TEXT },
  ),
  Events: list({
    type: 'object',
    properties: { At: TIME, Kind: TEXT, Text: TEXT },
    required: ['At', 'Kind', 'Text'],
    additionalProperties: { type: ['string', 'number'] },
  }),
  History: object({
    Store: TEXT,
    From: TIME,
    Step: WHOLE,
    Points: WHOLE,
    Metrics: list(
      object({ Metric: TEXT, Values: POINTS, Thresholds: list({ type: 'array', items: {} }) }),
    ),
    Answers: map(POINTS),
  }),
  Inventory: map(object(HOST_LIST, { Metrics: map(object(HOST_LIST)) })),
  Variables: map({ type: ['number', 'string'] }),
  Profile: { type: 'object' },
  Document: { type: 'object' },
  Paths: list(TEXT),
} as const satisfies Record<string, JsonSchema>;

export type BodyName = keyof typeof BODIES;
