/**
 * The log of a metric's crossings of its threshold: a line when the value exceeds it, and one when
 * it no longer does, so that an operator can read later when writers had to wait, and for which
 * host. A value that swings around the threshold crosses it many times a second: then the lines
 * are bounded, and the last one shows the state that lasts.
 */

import type { Logger } from '../../base/log.js';
import { LogBudget } from '../../base/log-budget.js';

const LINES_MAX = 6;
const PERIOD_MS = 60_000;

/** What decided. */
export interface Crossing {
  /** Where the store has several. */
  readonly metric?: string;
  readonly value: number;
  readonly threshold: number;
  /** `host:port` with the highest value that counts. */
  readonly host: string;
}

export class ThresholdLog {
  readonly #store: string;
  readonly #log: Logger;
  #budget = new LogBudget(LINES_MAX, PERIOD_MS);
  #exceeds = false;
  #loggedExceeds = false;
  /** Since the last line. */
  #crossings = 0;

  constructor(store: string, log: Logger) {
    this.#store = store;
    this.#log = log;
  }

  /** A new leader begins below the threshold, and logs the first value that exceeds it. */
  reset(): void {
    this.#exceeds = false;
    this.#loggedExceeds = false;
    this.#crossings = 0;
  }

  /**
   * Called with each value; `crossing` gives the details of a line. A crossing for which there is
   * no line left is logged later, if it lasts.
   */
  observe(exceeds: boolean, nowMs: number, crossing: () => Crossing): void {
    if (exceeds !== this.#exceeds) {
      this.#exceeds = exceeds;
      this.#crossings++;
    }
    if (exceeds === this.#loggedExceeds || !this.#budget.take(nowMs)) return;
    this.#loggedExceeds = exceeds;
    // Those between the two lines, which had none of their own.
    const notLogged = this.#crossings - 1;
    this.#crossings = 0;
    this.#log.notice(
      { store: this.#store, ...crossing(), ...(notLogged > 0 && { notLogged }) },
      exceeds ? 'threshold exceeded' : 'threshold no longer exceeded',
    );
  }
}
