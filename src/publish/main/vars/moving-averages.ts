/**
 * Rates like the load averages of Unix: exponentially weighted moving averages over 1, 5 and 15
 * minutes, as in Go's go-metrics.
 */

export const TICK_SECONDS = 5;

const MINUTES = [1, 5, 15] as const;

export interface Rates {
  /** Per second. */
  readonly oneMinute: number;
  readonly fiveMinute: number;
  readonly fifteenMinute: number;
}

export class MovingAverages {
  #rates: number[] | undefined;
  #count = 0;

  /**
   * To be called every `TICK_SECONDS` with the count since the start. A count that has fallen (a
   * worker was replaced) adds nothing.
   */
  tick(count: number): void {
    const perSecond = Math.max(0, count - this.#count) / TICK_SECONDS;
    this.#count = count;
    this.#rates =
      this.#rates?.map((rate, index) => rate + weight(MINUTES[index]!) * (perSecond - rate)) ??
      MINUTES.map(() => perSecond);
  }

  get rates(): Rates {
    const [oneMinute = 0, fiveMinute = 0, fifteenMinute = 0] = this.#rates ?? [];
    return { oneMinute, fiveMinute, fifteenMinute };
  }
}

function weight(minutes: number): number {
  return 1 - Math.exp(-TICK_SECONDS / 60 / minutes);
}
