/** The messages between main and any thread about the thread itself: its load, and profiles. */
import type { MessagePort } from 'node:worker_threads';

/** The load and the memory of a thread now. */
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

export type DiagnosticsRequest =
  | { readonly kind: 'vitals'; readonly id: number }
  /** A CPU profile over that time, written to a file that must not exist yet. */
  | {
      readonly kind: 'profile';
      readonly id: number;
      readonly seconds: number;
      readonly path: string;
    }
  | { readonly kind: 'heap'; readonly id: number; readonly path: string };

export type DiagnosticsResponse =
  | { readonly kind: 'vitals'; readonly id: number; readonly vitals: ThreadVitals }
  /** The file is written, or `error` has the reason why not. */
  | { readonly kind: 'written'; readonly id: number; readonly error: string };

/** Kinds of threads, as `thread=` names them. */
export const THREAD_KINDS = ['main', 'http', 'probe'] as const;

export type ThreadKind = (typeof THREAD_KINDS)[number];

/** One profile to take. */
export interface ProfileRequest {
  /** The first thread of that kind is profiled. */
  readonly thread: ThreadKind;
  /** Seconds of a CPU profile; null: a heap snapshot. */
  readonly seconds: number | null;
}

/** Gives each thread that starts its port for the requests of main. */
export interface DiagnosticsPorts {
  /** `thread`: such as `http-0`. To be transferred to the thread. */
  open(thread: string): MessagePort;
  /** Whether that thread is being profiled, and so may be unresponsive meanwhile. */
  isProfiled(thread: string): boolean;
}

/** Takes profiles of the threads of this process. */
export interface Profiler {
  /**
   * Resolves with the path of the profile, which is the caller's to remove. Rejects with
   * `BAD_REQUEST` when there is no such thread, with `OVERLOADED` while another profile is taken.
   */
  take(request: ProfileRequest): Promise<string>;
}
