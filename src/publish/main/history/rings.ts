/** Bounded memory of the last minutes, one point a second. */

/** Fifteen minutes. */
export const HISTORY_SECONDS = 900;

/** Which seconds were recorded: what is not is a gap in every ring. */
export class RecordedSeconds {
  readonly #seconds = new Float64Array(HISTORY_SECONDS);

  add(second: number): void {
    this.#seconds[second % HISTORY_SECONDS] = second;
  }

  has(second: number): boolean {
    return this.#seconds[second % HISTORY_SECONDS] === second;
  }
}

/** A number for each second since the ring was made: 4 bytes each. */
export class NumberRing {
  readonly #points: Float32Array;
  readonly #fromSecond: number;

  /** `empty`: what a second has that was recorded, but not here. */
  constructor(fromSecond: number, empty: number) {
    this.#fromSecond = fromSecond;
    this.#points = new Float32Array(HISTORY_SECONDS).fill(empty);
  }

  get bytes(): number {
    return this.#points.byteLength;
  }

  /** Each second in turn, once. */
  put(second: number, value: number): void {
    this.#points[second % HISTORY_SECONDS] = value;
  }

  /** NaN: nothing was known. */
  at(second: number, recorded: RecordedSeconds): number {
    const isKnown = second >= this.#fromSecond && recorded.has(second);
    return isKnown ? this.#points[second % HISTORY_SECONDS]! : Number.NaN;
  }
}

/** The rings of one metric. */
export interface MetricRings {
  readonly values: NumberRing;
  readonly thresholds: NumberRing;
}
