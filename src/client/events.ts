/** What a client reports to the program that uses it: for its log and its metrics. */
import type { CheckAnswer, CheckReason } from './answer.js';

/** One request to one server. */
export interface CheckEvent {
  readonly server: string;
  /** 0: no response. */
  readonly status: number;
  readonly reason: CheckReason;
  readonly durationMs: number;
  /** The server was asked to hold its response until it is a yes. */
  readonly held: boolean;
}

/** A wait that takes long. */
export interface WaitingReport {
  readonly app: string;
  /** As `mysql/main`. */
  readonly store: string;
  readonly waitedMs: number;
  /** A text for a log: from freno's own explanation where it gives one. */
  readonly because: string;
  /** The latest answer; null: the first one has not come yet. */
  readonly answer: CheckAnswer | null;
}

/** A wait that has ended. */
export interface WaitSummary {
  readonly app: string;
  readonly store: string;
  readonly waitedMs: number;
  /** `proceeded`: without freno; `rejected`: also when the caller has ended it. */
  readonly outcome: 'permitted' | 'proceeded' | 'rejected';
}
