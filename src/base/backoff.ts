/**
 * Exponential backoff: the pauses between attempts of one thing that keeps failing.
 *
 * Packages of the field (p-retry, cockatiel) retry a function that returns a promise. What is
 * retried here is a state of a state machine (a link, a probe, a thread). Its owner keeps the
 * clock, has one timer for many of them, and ends a pause when something else shows that the other
 * side is alive. So only the pauses are shared: nothing here waits.
 */

export interface BackoffOptions {
  /** Milliseconds of the first pause; each failure in a row doubles it. */
  readonly firstMs: number;
  /** Milliseconds that no pause exceeds. */
  readonly maxMs: number;
  /** Failures in a row that have no pause at all; 0 unless given. */
  readonly freeFailures?: number;
  /**
   * The random share of a pause, from 0 (none) to 1 (all of it): clients that failed together must
   * not retry together. A user that sets 0 states the reason.
   */
  readonly jitter: number;
  /** Uniform in [0, 1); `Math.random` unless given. */
  readonly random?: () => number;
}

export class Backoff {
  readonly #options: BackoffOptions;
  #failures = 0;

  constructor(options: BackoffOptions) {
    const { firstMs, maxMs, jitter } = options;
    if (!(firstMs > 0 && maxMs >= firstMs)) throw new RangeError('0 < firstMs <= maxMs');
    if (!(jitter >= 0 && jitter <= 1)) throw new RangeError('0 <= jitter <= 1');
    this.#options = options;
  }

  /** Failures since the last success. */
  get failures(): number {
    return this.#failures;
  }

  /**
   * An attempt has failed: returns the milliseconds to wait before the next one. `limitMs` bounds
   * this pause further: some failures cost less than others.
   */
  failed(limitMs = Number.POSITIVE_INFINITY): number {
    const { firstMs, maxMs, jitter, freeFailures = 0, random = Math.random } = this.#options;
    const doublings = this.#failures++ - freeFailures;
    if (doublings < 0) return 0;
    const pauseMs = Math.min(maxMs, limitMs, firstMs * 2 ** doublings);
    return pauseMs * (1 - jitter * random());
  }

  /** An attempt succeeded: the next failure counts as the first again. */
  succeeded(): void {
    this.#failures = 0;
  }
}
