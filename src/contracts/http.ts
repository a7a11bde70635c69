/** The messages between main and an HTTP worker, and what main's side of HTTP offers and needs. */
import type { MessagePort } from 'node:worker_threads';
import type { Address } from '../base/address.js';
import type { DurationCounts } from '../base/durations.js';
import type { LogOptions } from '../base/log.js';
import type { WatchdogLimits } from '../base/watchdog.js';
import type { AccessSettings } from '../throttle/access.js';
import type { AppRulesSettings } from '../throttle/app-rules.js';
import type { Command, CommandOrigin, OperatorCommand } from '../throttle/commands.js';
import type { StateImage } from '../throttle/state.js';
import type { ProfileRequest } from './diagnostics.js';
import type { MemcacheAddress } from './publisher.js';
import type { AppSelection, EventSelection } from './reports.js';
import type { MetricMode } from './stores.js';

export type { AccessSettings, AppRulesSettings };

/** Where a store lies on the board. */
export interface StoreLocation {
  readonly name: string;
  /** That of the store's own metric. */
  readonly slot: number;
  /** The first one is the store's own. */
  readonly metrics: readonly [MetricLocation, ...MetricLocation[]];
}

/** Where a metric of a store lies on the board. */
export interface MetricLocation {
  readonly name: string;
  readonly slot: number;
  readonly mode: MetricMode;
}

export type HttpEngine = 'uws' | 'node';

/** `auto`: `uws`, or `node` where the native module does not load. */
export type HttpEngineChoice = HttpEngine | 'auto';

/** Files and versions of HTTP over TLS. Each thread that listens reads the files. */
export interface ListenTlsSettings {
  readonly certFile: string;
  readonly keyFile: string;
  /** Empty: clients show no certificates. */
  readonly clientCaFile: string;
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
}

/** What is decided about a request before its path counts. */
export interface DoorSettings {
  /** Names in `Host` that are served, beside addresses and this machine; empty: all. */
  readonly allowedHosts: readonly string[];
  /** Pages of these origins may talk to this node. */
  readonly allowedOrigins: readonly string[];
  /** Where commands, profiles, events and the page answer; null: everywhere. */
  readonly adminListen: Address | null;
}

/** What an HTTP thread has from its beginning. */
export interface HttpThreadData {
  readonly worker: number;
  /** Brings the `HttpWorkerData`. */
  readonly start: MessagePort;
}

/** What an HTTP worker is started with; the rest comes with `serve`. */
export interface HttpWorkerData {
  readonly diagnostics: MessagePort;
  /** Whether profiles may be taken. */
  readonly profiling: boolean;
  readonly board: SharedArrayBuffer;
  readonly engine: HttpEngine;
  readonly listenPort: number;
  /** Empty: all. */
  readonly listenAddress: string;
  /** Null: plain HTTP. */
  readonly listenTls: ListenTlsSettings | null;
  readonly door: DoorSettings;
  /** Whether no other socket may listen on the port. */
  readonly exclusive: boolean;
  readonly log: LogOptions;
  /** Of `AnswerCounts`. */
  readonly answers: SharedArrayBuffer;
  /** Clients that may wait for a check in this worker. */
  readonly waitersMax: number;
  /** Memory of `ConnectionCounts`. */
  readonly connections: SharedArrayBuffer;
  /** When main, which sends a ping at least each second, counts as hung. */
  readonly mainWatchdog: WatchdogLimits;
}

/** Entries in the order of their names. */
export interface ListPage {
  /** How many at most. */
  readonly limit: number;
  /** Only entries that follow this name; empty: from the first. */
  readonly after: string;
  /** Only entries whose names begin so. */
  readonly prefix: string;
}

/** What an HTTP worker needs main for. */
export type MainRequest =
  /** `appSeen`: whether the app of the command has checked at this worker in the last 24 h. */
  | {
      readonly kind: 'submit';
      readonly command: OperatorCommand;
      readonly appSeen: boolean;
    }
  /** What the command would match; it is not carried out. */
  | { readonly kind: 'matches'; readonly command: OperatorCommand; readonly appSeen: boolean }
  /**
   * Main responds when the worker's copy of the state may be read: on the leader it then has all
   * changes that were acknowledged before.
   */
  | { readonly kind: 'readBarrier' }
  | { readonly kind: 'apps'; readonly selection: AppSelection }
  | { readonly kind: 'recentApps'; readonly lastMinutes: number | null; readonly page: ListPage }
  | { readonly kind: 'consensusLeader' }
  | { readonly kind: 'consensusState' }
  | { readonly kind: 'consensusStatus' }
  | { readonly kind: 'cluster' }
  /** Leadership goes to another node; `origin`: who asked, for the log. */
  | { readonly kind: 'yieldLeadership'; readonly origin: CommandOrigin }
  | { readonly kind: 'events'; readonly selection: EventSelection }
  /** The hosts of one store. */
  | { readonly kind: 'storeHosts'; readonly store: string }
  /** The last `seconds` of one store. */
  | { readonly kind: 'history'; readonly store: string; readonly seconds: number }
  | { readonly kind: 'inventory'; readonly page: ListPage }
  | { readonly kind: 'vars' }
  | { readonly kind: 'metrics' }
  | { readonly kind: 'profile'; readonly profile: ProfileRequest };

/** A response to a client, ready to send. */
export interface MainResponse {
  readonly status: number;
  /** The body without its final newline; empty: no body. */
  readonly json: string;
  /** Another body instead of `json`. */
  readonly other?: SharedBody | FileBody;
}

/** A text that may be long, in UTF-8. All workers that ask have the same: it is only read. */
export interface SharedBody {
  readonly kind: 'shared';
  readonly contentType: string;
  readonly bytes: SharedArrayBuffer;
}

/** A file of JSON, to be unlinked once it is open. */
export interface FileBody {
  readonly kind: 'file';
  readonly path: string;
}

/** The number relates a response to its request. */
export type NumberedRequest = readonly [id: number, MainRequest];
export type NumberedResponse = readonly [id: number, MainResponse];

/** Handles the requests of HTTP workers. Does not reject. */
export type MainRequestHandler = (request: MainRequest) => Promise<MainResponse>;

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

/** The name under which all checks beyond a bound are counted. */
export const OTHER = '(other)';

/**
 * Bound on what the counts of one worker take, and those of all in one report, in the bytes of
 * `countedBytes`.
 */
export const COUNTED_BYTES_MAX = 4 * 1024 * 1024;

/** UTF-8 bytes of a pair of app and store, and about as many as its numbers take. */
export function countedBytes(app: string, storeName: string): number {
  return Buffer.byteLength(app) + Buffer.byteLength(storeName) + 64;
}

/** Clients that wait for a check. */
export interface WaitStatistics {
  /** Now. */
  readonly waiting: number;
  /** Answered at once because too many waited. */
  readonly refused: number;
}

/** Checks that a metric would have denied if it were enforced. */
export interface ObservedDenials {
  readonly storeName: string;
  readonly metric: string;
  readonly count: number;
}

/** Bound on the recent apps that one worker holds, and that `/recent-apps` lists. */
export const RECENT_APPS_MAX = 10_000;

/** For how long an app counts as recent. */
export const RECENT_MS = 24 * 60 * 60_000;

export interface RecentApp {
  readonly app: string;
  readonly client: string;
  readonly checkedAtUnixMs: number;
}

/** An app that asks about a store, as one worker has met it. Times are `monotonicMs()`. */
export interface AskingPair {
  readonly app: string;
  readonly storeName: string;
  readonly seenAtMs: number;
  /** Since the first refusal after its last 200; 0: it goes on. */
  readonly waitingSinceMs: number;
  /** Of its last 200; 0: none. */
  readonly wentOnAtMs: number;
  /** Since the start. */
  readonly longestWaitMs: number;
  readonly lastStatus: number;
  /** That decided its last refusal; empty: none did. */
  readonly lastMetric: string;
  readonly isLowPriority: boolean;
  /** Answers since the start: 200, and all others. */
  readonly ok: number;
  readonly refused: number;
}

/** What an HTTP worker has counted since its start, or one kind of it. */
export interface HttpStatistics {
  /** Number of the worker; a replacement has another one. */
  readonly worker: number;
  /**
   * From the parsed request of a check to the response handed to the engine; of one check in
   * `CHECKS_PER_SAMPLE`.
   */
  readonly checkDurations: DurationCounts;
  readonly checks: readonly CheckCount[];
  readonly observedDenials: readonly ObservedDenials[];
  readonly waiting: WaitStatistics;
  readonly recentApps: readonly RecentApp[];
  readonly asking: readonly AskingPair[];
}

/** How checks of each store were answered. */
export interface AnswerCountsSource {
  /** How many since the start, by status as in `ANSWER_STATUSES`, of the store with that slot. */
  answersOf(slot: number): readonly number[];
}

export type StatisticsKind = 'checks' | 'recentApps' | 'asking';

/** An app that has not asked for so long waits no more. */
export const STOPPED_ASKING_MS = 60_000;

/** For how long an app counts as asking. */
export const ASKING_HOUR_MS = 3_600_000;

/**
 * Collects what every HTTP worker has counted. A worker that does not respond in time is left out.
 */
export interface HttpStatisticsSource {
  collect(kind: StatisticsKind): Promise<HttpStatistics[]>;
}

/** A store that is not configured is logged once in this time, and at most so many of them. */
export const UNKNOWN_STORE_PERIOD_MS = 3_600_000;
export const UNKNOWN_STORES_MAX = 100;

/** A check of a store that is not configured. */
export interface UnknownStoreCheck {
  readonly storeType: string;
  readonly storeName: string;
  readonly app: string;
  readonly client: string;
}

/** A control request that an HTTP worker refused, for the log. */
export interface RefusedCommand {
  readonly client: string;
  /** As `CommandOrigin.caller`. */
  readonly caller?: string;
  /** As the query names it. */
  readonly owner?: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  /** As the query gives it. */
  readonly reason?: string;
  /** Why it was refused. */
  readonly error: string;
  /** How many others were refused since the one before, and not reported. */
  readonly notLogged?: number;
}

export type ToHttp =
  /**
   * A part of the state that `serve` or `restore` completes. The worker says `rowsAdded` when it
   * has it, and gets the next one then, so that neither thread is busy for long.
   */
  | { readonly kind: 'rows'; readonly part: StateImage }
  /** With the parts before, the whole state of this moment: listen now. */
  | {
      readonly kind: 'serve';
      readonly stores: readonly StoreLocation[];
      readonly appRules: AppRulesSettings;
      readonly access: AccessSettings;
      readonly memcache: MemcacheAddress;
      readonly image: StateImage;
    }
  | {
      readonly kind: 'stores';
      readonly version: number;
      readonly stores: readonly StoreLocation[];
      readonly appRules: AppRulesSettings;
    }
  | { readonly kind: 'access'; readonly version: number; readonly access: AccessSettings }
  | { readonly kind: 'memcache'; readonly memcache: MemcacheAddress }
  /** The files of TLS have changed: new connections get what is in them now. */
  | { readonly kind: 'renewCertificate'; readonly version: number }
  /** `version` null: not to be acknowledged. */
  | {
      readonly kind: 'apply';
      readonly version: number | null;
      readonly commands: readonly Command[];
    }
  | { readonly kind: 'restore'; readonly version: number; readonly image: StateImage }
  | {
      readonly kind: 'responses';
      readonly responses: readonly NumberedResponse[];
    }
  /**
   * The next chunk of that collection, which begins with its first request. Main asks for one when
   * it has taken the one before, so that neither thread is busy for long.
   */
  | {
      readonly kind: 'collect';
      readonly id: number;
      readonly collection: number;
      readonly statistics: StatisticsKind;
    }
  /** Whether that app (`EVERY_APP`: any app) has checked recently. */
  | { readonly kind: 'hasSeen'; readonly id: number; readonly app: string }
  /** For the watchdogs on both sides: the worker sends `pong` at once. */
  | { readonly kind: 'ping' }
  /** Respond to what is in flight, then end. */
  | { readonly kind: 'stop' };

/** Why a worker ends: the native module does not load, it cannot listen, or anything else. */
export type FailureCause = 'native' | 'listen' | 'crash';

export type FromHttp =
  /** The code is loaded; `serve` is awaited. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'listening' }
  /** The worker ends; `message` has the reason. */
  | { readonly kind: 'failed'; readonly cause: FailureCause; readonly message: string }
  | { readonly kind: 'pong' }
  | { readonly kind: 'acknowledge'; readonly version: number }
  | { readonly kind: 'rowsAdded' }
  | { readonly kind: 'seen'; readonly id: number; readonly seen: boolean }
  | { readonly kind: 'unknownStore'; readonly check: UnknownStoreCheck }
  /** A client has sent a token that is not known. */
  | { readonly kind: 'unknownToken'; readonly client: string }
  | { readonly kind: 'refusedCommand'; readonly refusal: RefusedCommand }
  | {
      readonly kind: 'requests';
      readonly requests: readonly NumberedRequest[];
    }
  /** The response to `collect` of that `id`; `last`: the collection is complete. */
  | {
      readonly kind: 'collected';
      readonly id: number;
      readonly chunk: HttpStatistics;
      readonly last: boolean;
    };
