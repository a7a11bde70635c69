/** How much each caller may send in a minute: bounded in number of callers, and so in memory. */

const PERIOD_MS = 60_000;

/** Callers with a count of their own; those beyond share one. */
const CALLERS_MAX = 10_000;

const OTHERS = '';

export class RateLimit {
  readonly #perMinute: number;
  readonly #counts = new Map<string, number>();
  #startedAtMs = Number.NEGATIVE_INFINITY;

  constructor(perMinute: number) {
    this.#perMinute = perMinute;
  }

  /**
   * Seconds after which the caller may go on; 0: now, and it is counted. `nowMs`: `monotonicMs()`.
   */
  take(caller: string, nowMs: number): number {
    if (nowMs - this.#startedAtMs >= PERIOD_MS) {
      this.#startedAtMs = nowMs;
      this.#counts.clear();
    }
    const isKnown = this.#counts.has(caller) || this.#counts.size < CALLERS_MAX;
    const key = isKnown ? caller : OTHERS;
    const count = this.#counts.get(key) ?? 0;
    if (count >= this.#perMinute) {
      return Math.max(1, Math.ceil((this.#startedAtMs + PERIOD_MS - nowMs) / 1000));
    }
    this.#counts.set(key, count + 1);
    return 0;
  }
}
