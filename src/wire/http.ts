/** The messages between main and an HTTP worker. */
import type { LogOptions } from '../base/log.js';
import type { Command } from '../throttle/commands.js';
import type { StateImage } from '../throttle/state.js';

/** Where a store lies on the board. */
export interface StoreLocation {
  readonly name: string;
  readonly slot: number;
}

/** What an HTTP worker is started with. */
export interface HttpWorkerData {
  readonly board: SharedArrayBuffer;
  readonly engine: 'uws' | 'node';
  readonly listenPort: number;
  /** Whether the port must be this worker's alone. */
  readonly exclusive: boolean;
  readonly stores: readonly StoreLocation[];
  readonly state: StateImage;
  readonly memcache: { readonly servers: readonly string[]; readonly path: string };
  readonly profiling: boolean;
  readonly log: LogOptions;
  readonly worker: number;
}

/** What an HTTP worker cannot answer by itself. */
export type Question =
  | { readonly kind: 'submit'; readonly command: Command }
  | { readonly kind: 'throttledApps' }
  | { readonly kind: 'skippedHosts' }
  | { readonly kind: 'recentApps'; readonly lastMinutes: number | null }
  | { readonly kind: 'consensusStatus' }
  | { readonly kind: 'inventory' }
  | { readonly kind: 'vars' };

/** An answer ready to send: `json` is the body without its final newline. */
export interface Answer {
  readonly status: number;
  readonly json: string;
}

/** Checks of one app on one store, as counted by one worker. */
export interface CheckCount {
  readonly app: string;
  readonly storeType: string;
  readonly storeName: string;
  readonly total: number;
  readonly error: number;
  readonly internalError: number;
}

export interface RecentApp {
  readonly app: string;
  readonly client: string;
  readonly checkedAtUnixMs: number;
}

/** What an HTTP worker has counted since its start. */
export interface HttpStatistics {
  readonly checks: readonly CheckCount[];
  readonly recentApps: readonly RecentApp[];
}

export type ToHttp =
  | { readonly kind: 'stores'; readonly version: number; readonly stores: readonly StoreLocation[] }
  | { readonly kind: 'apply'; readonly version: number; readonly commands: readonly Command[] }
  | { readonly kind: 'restore'; readonly version: number; readonly image: StateImage }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: Answer }
  | { readonly kind: 'collect'; readonly id: number }
  | { readonly kind: 'stop' };

export type FromHttp =
  | { readonly kind: 'listening' }
  /** The worker ends; `message` says why. */
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'acknowledge'; readonly version: number }
  | { readonly kind: 'ask'; readonly id: number; readonly question: Question }
  | { readonly kind: 'collected'; readonly id: number; readonly statistics: HttpStatistics };
