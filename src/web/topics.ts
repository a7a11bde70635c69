/** What a node sends to the page: the topics of its stream, and the reports that it asks for. */

/** Of a metric, and of a store: that of its worst metric. */
export type StoreState = 'within' | 'above' | 'error' | 'not read yet' | 'unknown';

export interface MetricRow {
  readonly Metric: string;
  readonly Mode: 'enforce' | 'observe';
  readonly State: StoreState;
  readonly Value?: number;
  readonly Threshold: number;
  readonly ConfiguredThreshold?: number;
  readonly SetUntil?: string;
  readonly Host?: string;
  readonly AgeSeconds?: number;
  readonly Since?: string;
  readonly Error?: string;
}

export interface StoreRow {
  /** `mysql/main1` */
  readonly Store: string;
  /** The store's own metric first. */
  readonly Metrics: readonly MetricRow[];
}

export interface StoresTopic {
  readonly At: string;
  readonly Leading: boolean;
  readonly Counts: Readonly<Partial<Record<StoreState, number>>>;
  /** Those that hold jobs back first. */
  readonly Rows: readonly StoreRow[];
}

/** An app that asks about a store; with `WaitingSeconds` it waits now, and `Why` says why. */
export interface AppRow {
  readonly App: string;
  readonly Store: string;
  readonly PerSecond: number;
  readonly WaitShare: number;
  readonly WaitingSeconds?: number;
  readonly LongestWaitSeconds?: number;
  readonly Why?: string;
  readonly Metric?: string;
  readonly Host?: string;
  readonly Entry?: string;
  readonly LastStatus: number;
  readonly LastSeen: string;
}

/** Whether the latest checks of an app got a 200: one that is throttled in part gets some. */
export function goesOn({ WaitingSeconds, LastStatus, WaitShare }: AppRow): boolean {
  return WaitingSeconds === undefined && (LastStatus === 200 || WaitShare < 1);
}

export interface AppsTopic {
  readonly Total: number;
  readonly Apps: readonly AppRow[];
}

export interface InForceEntry {
  readonly ExpireAt: string;
  readonly Ratio?: number;
  readonly Threshold?: number;
  /** To which metric the threshold applies. */
  readonly Metric?: string;
  readonly Reason?: string;
  readonly Owner?: string;
  readonly At?: string;
}

export interface EntryGroup {
  readonly Total: number;
  /** A host without reason and owner is its time alone. */
  readonly Entries: Readonly<Record<string, InForceEntry | string>>;
}

export type EntryKind = 'ThrottledApps' | 'SkippedHosts' | 'ExemptedApps' | 'Thresholds';

export type EntriesTopic = Readonly<Record<EntryKind, EntryGroup>>;

export interface EventRow {
  readonly At: string;
  readonly Kind: string;
  readonly Text: string;
  readonly Store?: string;
  readonly Owner?: string;
  readonly Reason?: string;
  /** The caller that gave the command: `token dba`. */
  readonly Caller?: string;
  /** Of a command: what it is about, as the key of its entry. */
  readonly App?: string;
  readonly Host?: string;
  /** Of a crossing the name of the metric, of a command `mysql/main1/threads_running`. */
  readonly Metric?: string;
  /** Of a crossing: what was read. */
  readonly Value?: number;
  readonly Threshold?: number;
  /** As in `Text`; of an entry without end a word. */
  readonly Until?: string;
}

export interface NodeRow {
  readonly Node: string;
  readonly HTTP: string | null;
  readonly Role: string | null;
  readonly Term: number | null;
  readonly CommitIndex: number | null;
  readonly AppliedIndex: number | null;
  readonly Version: string | null;
  readonly ConfigHash: number | null;
  readonly SameConfig: boolean | null;
  readonly ClockDifferenceMillis: number | null;
  readonly LastContactMillis: number | null;
  readonly Error: string;
  readonly Refused?: string;
}

export interface ClusterTopic {
  readonly Self: string;
  readonly Leader: string;
  readonly LeaderHTTP: string | null;
  readonly Nodes: readonly NodeRow[];
}

/** What the page knows; a topic that has not come yet is missing. */
export interface Topics {
  readonly stores?: StoresTopic;
  readonly apps?: AppsTopic;
  readonly entries?: EntriesTopic;
  readonly events?: readonly EventRow[];
  readonly cluster?: ClusterTopic;
}

export type TopicName = keyof Topics;

export const TOPIC_NAMES: readonly TopicName[] = ['stores', 'apps', 'entries', 'events', 'cluster'];

export interface HostMetricRow {
  readonly Metric: string;
  readonly Standing: string;
  readonly Decides?: boolean;
  readonly Value?: number;
  readonly AgeSeconds?: number;
  readonly Error?: string;
  readonly ErrorAgeSeconds?: number;
}

export interface HostRow {
  readonly Host: string;
  /** Of a host that is probed. */
  readonly Metrics?: readonly HostMetricRow[];
  /** Of one that is not. */
  readonly Standing?: string;
  readonly Until?: string;
  readonly Owner?: string;
  readonly Reason?: string;
}

/** `/stores/<type>/<name>` */
export interface StoreReport extends StoreRow {
  readonly Leading: boolean;
  readonly Hosts: readonly HostRow[];
  readonly HostsError?: string;
}

/** Values that seldom change: from which point on, and what. */
export type Runs<Value> = ReadonlyArray<readonly [index: number, value: Value]>;

export interface MetricHistory {
  readonly Metric: string;
  readonly Values: ReadonlyArray<number | null>;
  readonly Thresholds: Runs<number | null>;
}

/** `/history/<type>/<name>`: one point a second, oldest first. */
export interface HistoryReport {
  readonly Store: string;
  readonly From: string;
  readonly Step: number;
  readonly Points: number;
  readonly Metrics: readonly MetricHistory[];
  /** By status. */
  readonly Answers: Readonly<Record<string, ReadonlyArray<number | null>>>;
}

/** `/matches/…`: what a command would match. */
export interface MatchesReport {
  readonly AppSeen?: boolean | null;
  readonly StoreConfigured?: boolean;
  readonly Hosts?: readonly string[] | null;
  readonly Stores?: readonly string[] | null;
  readonly StoresWithoutHosts?: readonly string[] | null;
  /** The listed host that a name which matches none may stand for. */
  readonly Nearest?: string;
  /** How many entries a command ended. */
  readonly Entries?: number;
  /** To which metric a threshold applies. */
  readonly Metric?: string;
}

/** `/inventory`: by store, or by `store/metric` for a metric with hosts of its own. */
export type InventoryReport = Readonly<
  Record<string, { readonly Hosts?: readonly string[]; readonly SkippedHosts?: readonly string[] }>
>;
