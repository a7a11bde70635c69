/** The messages between main and a probe worker. */
import type { RecordableHistogram } from 'node:perf_hooks';
import type { MessagePort } from 'node:worker_threads';
import type { DurationCounts } from '../base/durations.js';
import type { LogOptions } from '../base/log.js';
import type { MemcacheAddress, PublisherStatistics } from './publisher.js';
import type { ClusterAssignment } from './stores.js';

/** The one endless task of a probe worker. */
export interface ProbeTask {
  readonly port: MessagePort;
  readonly diagnostics: MessagePort;
  readonly board: SharedArrayBuffer;
  /** Memory of `ProbeSockets`, and its bound. */
  readonly sockets: SharedArrayBuffer;
  readonly socketsMax: number;
  /** Memory of `StoreTurns`. */
  readonly turns: SharedArrayBuffer;
  /** Memory of `LoginCounts`. */
  readonly logins: SharedArrayBuffer;
  readonly log: LogOptions;
  readonly memcache: MemcacheAddress;
  /** Number of the worker, for its name in the log. */
  readonly worker: number;
}

export type ToProbe =
  /**
   * All clusters of the worker from now on: a cluster that is not listed is released. Acknowledged
   * when nothing of a released cluster writes any more.
   */
  | {
      readonly kind: 'assign';
      readonly version: number;
      readonly assignments: readonly ClusterAssignment[];
    }
  /** Probe under that term, or close all connections and write nothing. */
  | { readonly kind: 'lead'; readonly probing: boolean; readonly term: number }
  | { readonly kind: 'memcache'; readonly memcache: MemcacheAddress }
  /**
   * The next chunk of that collection, which begins with its first request: main asks for one when
   * it has taken the one before, so that neither thread is busy for long.
   */
  | { readonly kind: 'collect'; readonly id: number; readonly collection: number }
  /** `store`: the name of a cluster; null: all of the worker. */
  | { readonly kind: 'describe'; readonly id: number; readonly store: string | null }
  /** Which stores have hosts, none of which accepts a login. Answered with `stores`. */
  | { readonly kind: 'listCutOff'; readonly id: number }
  /** Which of these stores can be logged in to now. Answered with `stores`, in some seconds. */
  | { readonly kind: 'tryLogins'; readonly id: number; readonly stores: readonly string[] }
  /** For the watchdog: the worker sends `pong` at once. */
  | { readonly kind: 'ping' }
  | { readonly kind: 'stop' };

export type FromProbe =
  /** The first message. `threadId` is that of `worker_threads`. */
  | { readonly kind: 'ready'; readonly threadId: number }
  | { readonly kind: 'pong' }
  | { readonly kind: 'acknowledge'; readonly version: number }
  /** `statistics` has the stores of this chunk; `isLast`: the collection is complete. */
  | {
      readonly kind: 'collected';
      readonly id: number;
      readonly statistics: ProbeStatistics;
      readonly isLast: boolean;
    }
  /** Names of stores, in answer to the request of that number. */
  | { readonly kind: 'stores'; readonly id: number; readonly stores: readonly string[] }
  /** Long descriptions come in parts. */
  | {
      readonly kind: 'described';
      readonly id: number;
      readonly stores: readonly StoreDescription[];
      readonly isLast: boolean;
    };

/** What a probe worker has counted since its start. */
export interface ProbeStatistics {
  readonly total: number;
  readonly error: number;
  /** Nanoseconds from sending a query to its result. */
  readonly latency: RecordableHistogram;
  /** Responses to HTTP checks by status. */
  readonly httpChecks: Readonly<Record<string, number>>;
  readonly httpChecksSkipped: number;
  readonly httpChecksFailed: number;
  /** Phases of the probe interval skipped because the thread was late: 0 while it keeps up. */
  readonly missedPhases: number;
  readonly published: PublisherStatistics;
  readonly worker: number;
  /** The same latencies in buckets. */
  readonly durations: DurationCounts;
  readonly stores: readonly StoreProbeStatistics[];
}

/** One store of a probe worker, counted since the worker got it. */
export interface StoreProbeStatistics {
  readonly store: string;
  /** Probes: queries to hosts, and attempts to connect that failed. */
  readonly total: number;
  readonly error: number;
  /** Sum of the latencies. */
  readonly seconds: number;
  readonly metrics: readonly MetricProbeStatistics[];
}

/** One metric of a store, counted since the worker got it. */
export interface MetricProbeStatistics {
  readonly metric: string;
  /** Whether it is the store's own metric. */
  readonly isOwn: boolean;
  /** Queries; those to Prometheus are not among the probes of the store. */
  readonly total: number;
  readonly error: number;
  /** Sum of the latencies. */
  readonly seconds: number;
  /** Hosts whose latest reading is an error, now; 0 while it does not probe. */
  readonly failingHosts: number;
  /** Hosts that their HTTP check leaves out, now. */
  readonly leftOutHosts: number;
  /** Hosts that catch up, now. */
  readonly catchingUpHosts: number;
  /** Hosts whose value is so far below 0 that, as lag, it must be wrong, now. */
  readonly negativeHosts: number;
}

/** What a host contributes to the value of a metric. */
export type HostStanding =
  /** Its value, or its error, counts. */
  | 'counts'
  /** It has not been read yet, so the metric has no value. */
  | 'unread'
  /** Left out by `IgnoreHostsCount` or `IgnoreHostsPercent`. */
  | 'ignored'
  /** Left out by `IgnoreDialTcpErrors`. */
  | 'unreachable'
  /** Left out by `CatchUp`. */
  | 'catchingUp'
  /** Left out by its HTTP check. */
  | 'leftOut';

/**
 * The hosts of a metric, as columns: a host has the same index in each. A message with an object
 * for each of a thousand hosts would delay probes.
 */
export interface MetricDescription {
  readonly metric: string;
  /**
   * `host:port` in the order of the list. Of a metric without a list of hosts: the label of each
   * sample of Prometheus, or empty for a sample without one.
   */
  readonly hosts: readonly string[];
  readonly standings: readonly HostStanding[];
  /** NaN: the latest reading is an error, or there is none yet. */
  readonly values: Float64Array;
  /** `monotonicMs()` of the latest reading, be it a value or an error; 0: none yet. */
  readonly readAtMs: Float64Array;
  /** The latest error under this leadership, which may be over since; empty: none. */
  readonly errors: readonly string[];
  /** `monotonicMs()` of that error; 0: none. */
  readonly errorAtMs: Float64Array;
  /** Index of the host whose value or error is that of the metric; -1: none is. */
  readonly deciding: number;
}

/** A store that is probed now. Value, threshold and state of each metric are on the board. */
export interface StoreDescription {
  readonly store: string;
  /** In the order of the settings; without metrics that have no list of hosts yet. */
  readonly metrics: readonly MetricDescription[];
}
