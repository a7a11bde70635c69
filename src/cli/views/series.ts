/** The recent values of many metrics, one for each look at them. */

/** A quarter of an hour of seconds. */
const VALUES_MAX = 900;

export class SeriesSet {
  readonly #series = new Map<string, Array<number | null>>();
  #looks = 0;

  /** The values of one look. A metric that is missing, now or before, has a gap. */
  push(values: ReadonlyMap<string, number | null>): void {
    for (const name of values.keys()) {
      if (!this.#series.has(name)) this.#series.set(name, Array(this.#looks).fill(null));
    }
    this.#looks = Math.min(VALUES_MAX, this.#looks + 1);
    for (const [name, series] of this.#series) {
      series.push(values.get(name) ?? null);
      if (series.length > VALUES_MAX) series.shift();
      if (series.every((value) => value === null)) this.#series.delete(name);
    }
  }

  /** Oldest first; null is a gap. */
  of(name: string): readonly (number | null)[] {
    return this.#series.get(name) ?? [];
  }
}
