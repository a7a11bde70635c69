/** A bound on log lines that clients or servers can cause, so that they cannot fill the log. */

/** How many lines of one kind are logged in a period; the others are counted. */
export class LogBudget {
  readonly #linesMax: number;
  readonly #periodMs: number;
  #startedAtMs = Number.NEGATIVE_INFINITY;
  #lines = 0;
  #notLogged = 0;

  constructor(linesMax: number, periodMs: number) {
    this.#linesMax = linesMax;
    this.#periodMs = periodMs;
  }

  /** Whether a line may be logged at `nowMs` (`monotonicMs()`); otherwise counts it. */
  take(nowMs: number): boolean {
    if (nowMs - this.#startedAtMs >= this.#periodMs) {
      this.#startedAtMs = nowMs;
      this.#lines = 0;
    }
    if (this.#lines >= this.#linesMax) {
      this.#notLogged++;
      return false;
    }
    this.#lines++;
    return true;
  }

  /** A field for the next line: how many were not logged before it. Starts to count again. */
  fields(): { readonly notLogged?: number } {
    const notLogged = this.#notLogged;
    this.#notLogged = 0;
    return notLogged === 0 ? {} : { notLogged };
  }
}
