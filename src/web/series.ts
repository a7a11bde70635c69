/** The last minutes of a metric, one point a second; what is not known is a gap. */
import type { MetricHistory, Runs } from './topics.js';

/** Fifteen minutes. */
export const SERIES_SECONDS = 900;

export type Point = number | null;

/** Axes that are long enough for a minute of data, and for all of it. */
const SPANS_SECONDS = [120, 180, 300, 480, SERIES_SECONDS];

/** The shortest axis that shows all that is known of the series. */
export function spanOf(series: readonly MetricSeries[]): number {
  const known = series.map(({ values }) => {
    const first = values.findIndex((value) => value !== null);
    return first === -1 ? 0 : SERIES_SECONDS - first;
  });
  const longest = Math.max(0, ...known);
  return SPANS_SECONDS.find((span) => span >= longest) ?? SERIES_SECONDS;
}

/** Where a report of history begins, in Unix seconds. */
export interface PastSpan {
  readonly fromSecond: number;
  readonly points: number;
}

export class MetricSeries {
  /** Unix seconds of the last point. */
  #lastSecond = 0;
  #values: Point[] = new Array(SERIES_SECONDS).fill(null);
  #thresholds: Point[] = new Array(SERIES_SECONDS).fill(null);

  get lastSecond(): number {
    return this.#lastSecond;
  }

  get values(): readonly Point[] {
    return this.#values;
  }

  get thresholds(): readonly Point[] {
    return this.#thresholds;
  }

  /** A second that is not newer than the last point replaces it, if it is still within. */
  add(second: number, value: Point, threshold: Point): void {
    // The node sends each second, but not on the second: one may be missed between two.
    if (second === this.#lastSecond + 2) this.add(second - 1, value, threshold);
    this.#advance(second);
    const index = SERIES_SECONDS - 1 - (this.#lastSecond - second);
    if (index < 0) return;
    this.#values[index] = value;
    this.#thresholds[index] = threshold;
  }

  /** What the node kept; it wins over what this page saw, which may have gaps of its own. */
  merge({ fromSecond, points }: PastSpan, history: MetricHistory): void {
    const thresholds = expandRuns(history.Thresholds, points);
    for (let index = 0; index < points; index++) {
      const value = history.Values[index] ?? null;
      if (value !== null) this.add(fromSecond + index, value, thresholds[index] ?? null);
    }
  }

  #advance(second: number): void {
    const steps = second - this.#lastSecond;
    if (steps <= 0) return;
    const fresh = Math.min(steps, SERIES_SECONDS);
    const gap = new Array<Point>(fresh).fill(null);
    this.#values = [...this.#values.slice(fresh), ...gap];
    this.#thresholds = [...this.#thresholds.slice(fresh), ...gap];
    this.#lastSecond = second;
  }
}

/** Each run holds until the next one. */
export function expandRuns<Value>(runs: Runs<Value>, points: number): Array<Value | null> {
  const expanded = new Array<Value | null>(points).fill(null);
  for (const [at, [from, value]] of runs.entries()) {
    expanded.fill(value, from, runs[at + 1]?.[0] ?? points);
  }
  return expanded;
}
