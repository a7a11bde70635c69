/** A histogram of durations: cheap to record, and summed up where it is read. */

export interface DurationCounts {
  /** Upper bounds of the buckets, ascending, in seconds. */
  readonly boundsSeconds: readonly number[];
  /** By bucket, not cumulative; the last bucket has no upper bound. */
  readonly counts: readonly number[];
  readonly sumSeconds: number;
}

export class Durations {
  readonly #boundsSeconds: readonly number[];
  readonly #counts: number[];
  #sumSeconds = 0;

  constructor(boundsSeconds: readonly number[]) {
    this.#boundsSeconds = boundsSeconds;
    this.#counts = new Array<number>(boundsSeconds.length + 1).fill(0);
  }

  record(milliseconds: number): void {
    const seconds = milliseconds / 1000;
    this.#sumSeconds += seconds;
    let bucket = 0;
    while (bucket < this.#boundsSeconds.length && seconds > this.#boundsSeconds[bucket]!) bucket++;
    this.#counts[bucket]!++;
  }

  get counted(): DurationCounts {
    return {
      boundsSeconds: this.#boundsSeconds,
      counts: [...this.#counts],
      sumSeconds: this.#sumSeconds,
    };
  }
}
