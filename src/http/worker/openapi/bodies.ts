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

const ACCESS_ROLES = list(oneOf('check', 'read', 'control', 'admin'));

const METRIC_STATE = oneOf('within', 'above', 'error', 'not read yet', 'unknown');
const MODE = oneOf('enforce', 'observe');
const ROLE = oneOf('Leader', 'Follower', 'Candidate', 'Healthy', 'Unhealthy');
const POINTS = list(nullable(NUMBER));

/** A point, and the threshold from there on. */
const RUN: JsonSchema = { ...list(nullable(NUMBER)), minItems: 2, maxItems: 2 };

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
  {
    Kind: oneOf(
      ...['threshold', 'set threshold', 'app rule', 'threshold of the client', 'throttle'],
      ...['exemption', 'low priority', 'skipped host', 'shared domain'],
    ),
  },
  { Key: TEXT, Threshold: NUMBER, Ratio: NUMBER, ExpireAt: TIME, ...NOTE },
);

const JUDGED_METRIC = object(
  { ...CHECKED, Metric: TEXT, Mode: MODE },
  {
    ...{ Host: TEXT, Since: TIME, AgeSeconds: NUMBER },
    ...{ ConfiguredThreshold: NUMBER, SetUntil: TIME, Reason: TEXT, Owner: TEXT },
  },
);

const APP_MATCH = object(
  { AppSeen: described(nullable(FLAG), 'whether the app has checked here in the last 24 hours') },
  { StoreConfigured: FLAG },
);

const NAMES = nullable(list(TEXT));

const HOST_MATCH = object(
  { Hosts: NAMES, Stores: NAMES, StoresWithoutHosts: NAMES },
  {
    Omitted: described(WHOLE, 'how many names more there are'),
    Nearest: described(TEXT, 'the listed host that a name which matches none may stand for'),
  },
);

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

const CLUSTER_NODE = object(
  {
    Node: TEXT,
    HTTP: nullable(TEXT),
    Role: nullable(ROLE),
    Term: nullable(WHOLE),
    CommitIndex: nullable(WHOLE),
    AppliedIndex: nullable(WHOLE),
    Version: nullable(TEXT),
    ConfigHash: nullable(WHOLE),
    SameConfig: nullable(FLAG),
    ClockDifferenceMillis: nullable(NUMBER),
    LastContactMillis: nullable(NUMBER),
    Error: TEXT,
  },
  { Refused: TEXT },
);

const ASKING_APP = object(
  {
    ...{ App: TEXT, Store: TEXT, PerSecond: NUMBER, WaitShare: NUMBER },
    ...{ LastStatus: WHOLE, LastSeen: TIME },
  },
  {
    ...{ WaitingSeconds: NUMBER, LongestWaitSeconds: NUMBER, Metric: TEXT, Host: TEXT },
    Entry: TEXT,
    Why: oneOf('threshold', 'operator', 'priority', 'error', 'unknown store', 'no value'),
  },
);

const REASONS: Members = {
  Why: described(TEXT, 'one sentence'),
  Metrics: list(JUDGED_METRIC),
};

const PARTICULARS: Members = {
  Metric: described(TEXT, 'the metric that decided, of a store with several'),
  Host: described(TEXT, 'whose value decided'),
  Since: described(TIME, 'since when this has been the answer'),
  Rule: RULE,
  Leader: described(TEXT, 'its address, on a node that does not lead'),
  LeaderHTTP: TEXT,
};

const EVENT: JsonSchema = {
  type: 'object',
  properties: {
    ...{ At: TIME, Text: described(TEXT, 'one sentence') },
    Kind: oneOf('command', 'refused', 'threshold', 'store', 'leader', 'reload'),
    ...{ Store: TEXT, Metric: TEXT, Host: TEXT, Value: NUMBER, Threshold: NUMBER, Leader: TEXT },
    ...{ App: TEXT, Ratio: NUMBER, Until: TEXT, Client: TEXT, Owner: TEXT, Reason: TEXT },
    ...{ Method: TEXT, Path: TEXT, Status: WHOLE },
  },
  required: ['At', 'Kind', 'Text'],
  additionalProperties: { type: ['string', 'number'] },
};

const MAJORITY = object({ Nodes: WHOLE, Needed: WHOLE, Reached: WHOLE, Unreachable: map(TEXT) });

export const BODIES = {
  General: object(STATUS_AND_MESSAGE),
  Check: object(CHECKED, { ...PARTICULARS, ...REASONS }),
  Explanation: object({ ...CHECKED, ...REASONS }, PARTICULARS),
  CheckAll: object(CHECKED, {
    Stores: described(
      list(object({ ...CHECKED, Store: TEXT }, { Metric: TEXT })),
      'each by itself, in the order asked; absent if one has another type than mysql, or not ' +
        'the metric that is asked for',
    ),
  }),
  AppCommand: object({ ...STATUS_AND_MESSAGE, Matched: APP_MATCH }),
  HostCommand: object({ ...STATUS_AND_MESSAGE, Matched: HOST_MATCH }),
  ThresholdCommand: object({ ...STATUS_AND_MESSAGE, Matched: object({ Metric: TEXT }) }),
  Lift: object({
    ...STATUS_AND_MESSAGE,
    Matched: object({ Entries: described(WHOLE, 'how many entries in force it ended') }),
  }),
  Yielded: object({ ...STATUS_AND_MESSAGE, Leader: TEXT }),
  Matches: { anyOf: [APP_MATCH, HOST_MATCH] },
  ThrottledApps: map(object({ ExpireAt: TIME, Ratio: NUMBER }, NOTE)),
  SkippedHosts: map({ anyOf: [TIME, object({ ExpireAt: TIME }, NOTE)] }),
  ExemptedApps: map(object({ ExpireAt: TIME }, NOTE)),
  Thresholds: map(object({ Threshold: NUMBER, ExpireAt: TIME }, { Metric: TEXT, ...NOTE })),
  RecentApps: map(object({ CheckedAtEpoch: WHOLE, MinutesSinceChecked: WHOLE })),
  Apps: object({ Leading: FLAG, Total: WHOLE, Apps: list(ASKING_APP) }),
  Text: TEXT,
  Quoted: described(TEXT, 'a JSON string'),
  ConsensusStatus: object({
    ...{ ServiceID: TEXT, Healthy: FLAG, IsLeader: FLAG, Leader: TEXT, State: ROLE },
    ...{ Domain: TEXT, ShareDomain: TEXT, ShareDomainServices: nullable(map(TEXT)) },
    ...{ ShareDomainServicesList: NAMES, HealthyDomainServicesList: NAMES },
    Majority: nullable(MAJORITY),
  }),
  Cluster: object({
    Self: TEXT,
    Leader: TEXT,
    LeaderHTTP: TEXT,
    Nodes: list(CLUSTER_NODE),
  }),
  AggregatedMetrics: map(TEXT),
  MetricsHealth: map(
    object({ LastHealthyAt: TIME, SecondsSinceLastHealthy: WHOLE }, { Mode: MODE }),
  ),
  Access: object({
    ...{ Caller: TEXT, Roles: ACCESS_ROLES, Apps: list(TEXT), Stores: list(TEXT) },
    Anonymous: described(ACCESS_ROLES, 'what every caller may do'),
  }),
  Memcache: object({ MemcacheServers: list(TEXT), MemcachePath: TEXT }),
  Stores: object({ Leading: FLAG, Stores: map(object({ Metrics: list(STORE_METRIC) })) }),
  Store: object(
    { Store: TEXT, Leading: FLAG, Metrics: list(STORE_METRIC), Hosts: list(STORE_HOST) },
    { HostsError: TEXT },
  ),
  Events: list(EVENT),
  History: object({
    Store: TEXT,
    From: TIME,
    Step: WHOLE,
    Points: WHOLE,
    Metrics: list(object({ Metric: TEXT, Values: POINTS, Thresholds: list(RUN) })),
    Answers: map(POINTS),
  }),
  Inventory: map(object(HOST_LIST, { Metrics: map(object(HOST_LIST)) })),
  Variables: {
    ...map({ type: ['number', 'string'] }),
    properties: {
      cmdline: list(TEXT),
      memstats: object({ Alloc: WHOLE, HeapAlloc: WHOLE, HeapSys: WHOLE, Sys: WHOLE }),
    },
  },
  Profile: { type: 'object' },
  Document: { type: 'object' },
  Paths: list(TEXT),
} as const satisfies Record<string, JsonSchema>;

export type BodyName = keyof typeof BODIES;
