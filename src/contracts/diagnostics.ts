/**
 * The messages between main and any thread about the thread itself: how it fares, and profiles of
 * it.
 */
import type { MessagePort } from 'node:worker_threads';

/** How a thread fares now. */
export interface ThreadVitals {
  /** How late its event loop was over the last 10 to 20 seconds. */
  readonly loopDelayMeanSeconds: number;
  readonly loopDelayP99Seconds: number;
  readonly loopDelayMaxSeconds: number;
  /** Time its event loop was not idle, since its start. */
  readonly loopActiveSeconds: number;
  readonly heapUsedBytes: number;
  readonly heapSizeBytes: number;
  /** Memory outside of the heap that its objects hold. */
  readonly externalBytes: number;
}

export type ToDiagnostics =
  | { readonly kind: 'vitals'; readonly id: number }
  /** A CPU profile over that time, written to a file that must not exist yet. */
  | {
      readonly kind: 'profile';
      readonly id: number;
      readonly seconds: number;
      readonly path: string;
    }
  | { readonly kind: 'heap'; readonly id: number; readonly path: string };

export type FromDiagnostics =
  | { readonly kind: 'vitals'; readonly id: number; readonly vitals: ThreadVitals }
  /** The file is written, or `error` says why not. */
  | { readonly kind: 'written'; readonly id: number; readonly error: string };

/** Kinds of threads, as `thread=` names them. */
export const THREAD_KINDS = ['main', 'http', 'probe'] as const;

export type ThreadKind = (typeof THREAD_KINDS)[number];

/** What is asked of the profiler. */
export interface ProfileRequest {
  /** The first thread of that kind is looked at. */
  readonly thread: ThreadKind;
  /** Seconds of a CPU profile; null: a heap snapshot. */
  readonly seconds: number | null;
}

/** Gives each thread that starts the port on which main asks it about itself. */
export interface DiagnosticsPorts {
  /** `thread`: such as `http-0`. To be transferred to the thread. */
  open(thread: string): MessagePort;
  /** Whether a profile is being taken of that thread, which may stand still meanwhile. */
  isProfiled(thread: string): boolean;
}

/** Takes profiles of this process's threads. */
export interface Profiler {
  /**
   * Resolves with the path of the profile, which is the caller's to remove. Rejects with
   * `BAD_REQUEST` when there is no such thread, with `OVERLOADED` while another profile is taken.
   */
  take(request: ProfileRequest): Promise<string>;
}
