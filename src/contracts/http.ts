/** The messages between main and an HTTP worker, and what main's side of HTTP offers and needs. */
import type { MessagePort } from 'node:worker_threads';
import type { DurationCounts } from '../base/durations.js';
import type { LogOptions } from '../base/log.js';
import type { WatchdogLimits } from '../base/watchdog.js';
import type { Command } from '../throttle/commands.js';
import type { StateImage } from '../throttle/state.js';
import type { ProfileRequest } from './diagnostics.js';

/** Where a store lies on the board. */
export interface StoreLocation {
  readonly name: string;
  readonly slot: number;
}

/** Where metrics are published, as `/config/memcache` tells it. */
export interface MemcacheAddress {
  readonly servers: readonly string[];
  readonly path: string;
}

export type HttpEngine = 'uws' | 'node';

/** What an HTTP worker is started with; the rest comes with `serve`. */
export interface HttpWorkerData {
  readonly diagnostics: MessagePort;
  /** Whether profiles may be asked for. */
  readonly profiling: boolean;
  readonly board: SharedArrayBuffer;
  readonly engine: HttpEngine;
  readonly listenPort: number;
  /** Whether the port must be this worker's alone. */
  readonly exclusive: boolean;
  readonly log: LogOptions;
  readonly worker: number;
  /** When main, which sends a ping at least each second, counts as hanging. */
  readonly mainWatchdog: WatchdogLimits;
}

/** What an HTTP worker cannot answer by itself. */
export type MainRequest =
  | { readonly kind: 'submit'; readonly command: Command }
  /**
   * Answered when the worker's copy of the state may be read: on the leader it then has all that
   * was acknowledged before.
   */
  | { readonly kind: 'readBarrier' }
  | { readonly kind: 'recentApps'; readonly lastMinutes: number | null }
  | { readonly kind: 'consensusLeader' }
  | { readonly kind: 'consensusState' }
  | { readonly kind: 'consensusStatus' }
  | { readonly kind: 'inventory' }
  | { readonly kind: 'vars' }
  | { readonly kind: 'metrics' }
  | { readonly kind: 'profile'; readonly request: ProfileRequest };

/** An answer ready to send. */
export interface MainResponse {
  readonly status: number;
  /** The body without its final newline; empty: no body. */
  readonly json: string;
  /** A body that is no JSON, in its stead. */
  readonly other?: TextBody | FileBody;
}

export interface TextBody {
  readonly kind: 'text';
  readonly contentType: string;
  readonly text: string;
}

/** A file of JSON, to be removed once it is open. */
export interface FileBody {
  readonly kind: 'file';
  readonly path: string;
}

/** Answers the questions of HTTP workers. Does not reject. */
export type MainRequestHandler = (question: MainRequest) => Promise<MainResponse>;

/** Checks of one app on one store, as counted by one worker. */
export interface CheckCount {
  readonly app: string;
  readonly storeType: string;
  readonly storeName: string;
  /** How many other pairs of app and store the worker had met before this one. */
  readonly rank: number;
  /** By status: 200, 404, 417, 429, 500. */
  readonly ok: number;
  readonly notFound: number;
  readonly denied: number;
  readonly exceeded: number;
  readonly internalError: number;
}

/** Most recent apps that one worker keeps, and that `/recent-apps` lists. */
export const RECENT_APPS_MAX = 10_000;

export interface RecentApp {
  readonly app: string;
  readonly client: string;
  readonly checkedAtUnixMs: number;
}

/** What an HTTP worker has counted since its start, or one kind of it. */
export interface HttpStatistics {
  /** Number of the worker; a replacement has another one. */
  readonly worker: number;
  /**
   * Of checks, from the parsed request to the answer handed to the engine; of one in
   * `CHECKS_PER_SAMPLE`.
   */
  readonly answerTimes: DurationCounts;
  readonly checks: readonly CheckCount[];
  readonly recentApps: readonly RecentApp[];
}

export type StatisticsKind = 'checks' | 'recentApps';

/**
 * Asks every HTTP worker for what it has counted. A worker that does not answer in time is left
 * out.
 */
export interface HttpStatisticsSource {
  collect(kind: StatisticsKind): Promise<HttpStatistics[]>;
}

export type ToHttp =
  /** The whole state of this moment: listen now. */
  | {
      readonly kind: 'serve';
      readonly stores: readonly StoreLocation[];
      readonly memcache: MemcacheAddress;
      readonly image: StateImage;
    }
  | { readonly kind: 'stores'; readonly version: number; readonly stores: readonly StoreLocation[] }
  | { readonly kind: 'memcache'; readonly memcache: MemcacheAddress }
  /** Without a version: not to be acknowledged. */
  | {
      readonly kind: 'apply';
      readonly version: number | null;
      readonly commands: readonly Command[];
    }
  | { readonly kind: 'restore'; readonly version: number; readonly image: StateImage }
  | {
      readonly kind: 'answers';
      readonly answers: ReadonlyArray<readonly [id: number, MainResponse]>;
    }
  | { readonly kind: 'collect'; readonly id: number; readonly statistics: StatisticsKind }
  /** To be answered at once: whoever does not for long hangs. So does main when it sends none. */
  | { readonly kind: 'ping' }
  /** Answer what is in flight, then end. */
  | { readonly kind: 'stop' };

/** Why a worker ends: the native module does not load, it cannot listen, or anything else. */
export type FailureCause = 'native' | 'listen' | 'crash';

export type FromHttp =
  /** The code is loaded; `serve` is awaited. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'listening' }
  /** The worker ends; `message` says why. */
  | { readonly kind: 'failed'; readonly cause: FailureCause; readonly message: string }
  | { readonly kind: 'pong' }
  | { readonly kind: 'acknowledge'; readonly version: number }
  | { readonly kind: 'asks'; readonly asks: ReadonlyArray<readonly [id: number, MainRequest]> }
  /** In chunks, so that no thread is busy for long with one; `last` with the last of them. */
  | {
      readonly kind: 'collected';
      readonly id: number;
      readonly chunk: HttpStatistics;
      readonly last: boolean;
    };
