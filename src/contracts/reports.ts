/** The reports that main's parts give to requests over HTTP. */
import type { Address } from '../base/address.js';
import type { NamedValues } from '../throttle/command-summary.js';
import type { ProbeStatistics, StoreDescription } from './probe.js';

/** One list of hosts in `/inventory`. */
export interface HostListReport {
  /** `static`, `haproxy`, `proxysql`, `vitess` or `none`. */
  readonly source: string;
  /** `host:port` of the hosts that are probed. */
  readonly hosts: readonly string[];
  /** Listed, but left out by `IgnoreHosts`. */
  readonly ignored: readonly string[];
  /** Listed, but left out by an operator's command. */
  readonly skipped: readonly string[];
  /** Unix time in milliseconds when the list was last read without error; null: never. */
  readonly readAtUnixMs: number | null;
  /** Of the last attempt to read the list; empty when it succeeded. */
  readonly error: string;
  /** Rows of the list that are incomplete or have an unknown state, and what was done with each. */
  readonly oddRows: readonly string[];
}

/** One cluster in `/inventory`: the hosts of its own metric, and those of others. */
export interface ClusterReport extends HostListReport {
  /** By name, of each metric that counts other hosts than the own one. */
  readonly otherLists: ReadonlyMap<string, HostListReport>;
}

export interface InventoryReporter {
  clusterNames(): Iterable<string>;
  /** Undefined: no such cluster is configured. */
  reportOf(cluster: string): ClusterReport | undefined;
}

/** The hosts of one store, for `/stores/<type>/<name>`. */
export interface StoreHostsReporter {
  /** A JSON object, with `Hosts`. */
  report(store: string): Promise<string>;
}

/** What a skip takes out, of the lists that this node has read. */
export interface SkipMatch {
  /** `host:port`. */
  readonly hosts: readonly string[];
  /** `mysql/<store>` of each store that lists one of them. */
  readonly stores: readonly string[];
  /** Those that have no other host left; a metric with hosts of its own follows its store. */
  readonly emptied: readonly string[];
}

export interface SkipMatcher {
  skipMatch(entry: string): SkipMatch;
  /** Every host that a skip can take out, once for each list that has it. */
  skippable(): Iterable<Address>;
}

/**
 * Collects what every probe worker has counted. A worker that does not respond in time is left out.
 */
export interface ProbeStatisticsSource {
  collect(): Promise<ProbeStatistics[]>;
}

/**
 * Describes the hosts of the stores that are probed now. Stores of a worker that does not respond
 * in time are left out, and so are all while this node does not lead.
 */
export interface StoreDescriber {
  /** `store`: the name of a cluster; null: all, in no particular order. */
  describe(store: string | null): Promise<StoreDescription[]>;
}

/**
 * How far this leader comes with a store. `cutOff`: none of its hosts accepts a login of this node.
 * `silent`: its probe thread does not respond. `unlisted`: its list of hosts was never read.
 */
export type StoreReach = 'reached' | 'cutOff' | 'silent' | 'unlisted';

export interface StoreReachSource {
  /** By name, of the stores that are assigned to a probe thread. */
  reach(): Promise<ReadonlyMap<string, StoreReach>>;
}

/** How a leader comes along with its work. */
export interface FitnessReport {
  /** Stores of which it reads nothing, for a reason that may be its own. */
  readonly failingStores: number;
  /** How often it asked the other nodes, and handed over, since its start. */
  readonly questions: number;
  readonly handovers: number;
}

export interface FitnessReporter {
  report(): FitnessReport;
}

export interface WithheldStoresReporter {
  /** Stores that are not probed for a while, because they ended their probe thread. */
  readonly withheldStores: number;
}

/** Connections of HTTP clients, and descriptors of the process. Null: not known, or no limit. */
export interface ConnectionReport {
  readonly open: number;
  /** As many as leave descriptors to all else. */
  readonly max: number | null;
  /** Closed at once for want of a place, since the start. */
  readonly refused: number;
  /** Closed because more requests than a turn answers arrived on them at once. */
  readonly closedForPipelining: number;
  /** Requests refused because too many others wait. */
  readonly requestsRefused: number;
  readonly descriptorsOpen: number | null;
  readonly descriptorsMax: number | null;
}

export interface ConnectionReporter {
  report(): ConnectionReport;
}

export interface ConfigReport {
  /** Whether the latest reload succeeded; the start counts as one. */
  readonly isReloadSuccessful: boolean;
  /** Reloads that failed since the start. */
  readonly failedReloads: number;
  /** Unix time in milliseconds of the latest reload that succeeded. */
  readonly loadedAtUnixMs: number;
  /** Of what is in force, without secrets: a whole number below 2^48. */
  readonly hash: number;
  /** Keys of the file that need a restart to take effect. */
  readonly pendingKeys: number;
}

export interface ConfigReporter {
  report(): ConfigReport;
}

/** Which apps are asked for. */
export interface AppSelection {
  readonly limit: number;
  /** `mysql/<name>`; empty: every store. */
  readonly store: string;
  /** How the names of the apps begin. */
  readonly app: string;
}

/** Which events are asked for. */
export interface EventSelection {
  /** Unix time in milliseconds of the oldest; null: whatever there is. */
  readonly sinceUnixMs: number | null;
  /** How many of the newest. */
  readonly limit: number;
  /** So many of the newest commands are among them, or stand before them. */
  readonly commands?: number;
}

export type EventKind = 'command' | 'refused' | 'threshold' | 'store' | 'leader' | 'reload';

/** Keeps events of this node for a while. */
export interface EventRecorder {
  /**
   * `text`: one sentence, without a period. `atMs`: Unix time in milliseconds; now unless given.
   */
  record(kind: EventKind, text: string, values?: NamedValues, atMs?: number): void;
}

export interface EventsReporter {
  /** A JSON list, oldest first. */
  report(selection: EventSelection): string;
}

/** The last minutes of one store, for `/history/<type>/<name>`. */
export interface HistoryReporter {
  /** JSON of the last `seconds`; undefined: nothing was recorded of such a store. */
  report(store: string, seconds: number): string | undefined;
}

export interface MetricsReporter {
  /** All metrics in Prometheus' text format, in pieces. */
  report(): Promise<readonly string[]>;
}

export interface VarsReporter {
  /** The body of `/debug/vars` in pieces, without its final newline. */
  report(): Promise<readonly string[]>;
}
