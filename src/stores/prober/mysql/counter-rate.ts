/** The rate of a counter: what it grew by per second between two of its readings. */

export class CounterRate {
  #count = 0;
  /** Null: no reading to compare with. */
  #readAtMs: number | null = null;

  /** The next reading is compared with none: the server may have started again in between. */
  restart(): void {
    this.#readAtMs = null;
  }

  /**
   * Null: there is no rate. The reading is the first one, or the counter is lower than before, so
   * that it was reset at an unknown time.
   */
  next(count: number, readAtMs: number): number | null {
    const seconds = this.#readAtMs === null ? 0 : (readAtMs - this.#readAtMs) / 1_000;
    const growth = count - this.#count;
    this.#count = count;
    this.#readAtMs = readAtMs;
    return seconds > 0 && growth >= 0 ? growth / seconds : null;
  }
}
