/** The messages between main and a probe worker. */
import type { RecordableHistogram } from 'node:perf_hooks';
import type { MessagePort } from 'node:worker_threads';
import type { DurationCounts } from '../base/durations.js';
import type { LogOptions } from '../base/log.js';
import type { MemcacheAddress } from './http.js';
import type { PublisherStatistics } from './publisher.js';
import type { ClusterAssignment } from './stores.js';

/** The one long task of a probe worker. */
export interface ProbeTask {
  readonly port: MessagePort;
  readonly diagnostics: MessagePort;
  readonly board: SharedArrayBuffer;
  readonly log: LogOptions;
  readonly memcache: MemcacheAddress;
  /** Number of the worker, for its name in the log. */
  readonly worker: number;
}

export type ToProbe =
  /**
   * The worker's clusters from now on, whole: what is not listed is let go. Acknowledged when
   * nothing of what was let go writes any more.
   */
  | {
      readonly kind: 'assign';
      readonly version: number;
      readonly assignments: readonly ClusterAssignment[];
    }
  /** Probe under that term, or close all connections and write nothing. */
  | { readonly kind: 'lead'; readonly probing: boolean; readonly term: number }
  | { readonly kind: 'memcache'; readonly memcache: MemcacheAddress }
  | { readonly kind: 'collect'; readonly id: number }
  /** To be answered at once: whoever does not for long hangs. */
  | { readonly kind: 'ping' }
  | { readonly kind: 'stop' };

export type FromProbe =
  /** The first message. `threadId` is that of `worker_threads`. */
  | { readonly kind: 'ready'; readonly threadId: number }
  | { readonly kind: 'pong' }
  | { readonly kind: 'acknowledge'; readonly version: number }
  | { readonly kind: 'collected'; readonly id: number; readonly statistics: ProbeStatistics };

/** What a probe worker has counted since its start. */
export interface ProbeStatistics {
  readonly total: number;
  readonly error: number;
  /** Nanoseconds from sending to answer. */
  readonly latency: RecordableHistogram;
  /** Answers of HTTP checks by status. */
  readonly httpChecks: Readonly<Record<string, number>>;
  readonly httpChecksSkipped: number;
  readonly httpChecksFailed: number;
  /** Phases of the probe interval left out because the thread was late: 0 while it keeps pace. */
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
  readonly total: number;
  readonly error: number;
  /** Sum of the latencies. */
  readonly seconds: number;
  /** Hosts whose latest reading is an error, now; 0 while it does not probe. */
  readonly failingHosts: number;
  /** Hosts that their HTTP check takes out, now. */
  readonly leftOutHosts: number;
}
