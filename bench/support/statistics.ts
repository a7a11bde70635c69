/** The few statistics that the benchmarks report. */

/** Middle of the values, the mean of the two middle ones when their number is even. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[middle]!;
  return sorted.length === 0 ? Number.NaN : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Smallest value that at least `percent` of the values do not exceed. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((left, right) => left - right);
  const index = Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1);
  return sorted[index] ?? Number.NaN;
}

/**
 * Slope of the line through the points that leaves the least squares, in units of y per unit of x.
 */
export function slope(points: ReadonlyArray<readonly [x: number, y: number]>): number {
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / points.length;
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / points.length;
  let covariance = 0;
  let variance = 0;
  for (const [x, y] of points) {
    covariance += (x - meanX) * (y - meanY);
    variance += (x - meanX) ** 2;
  }
  return variance === 0 ? 0 : covariance / variance;
}

/** Latencies in buckets of one microsecond: exact to that, cheap to record, of constant size. */
export class Latencies {
  readonly #buckets = new Uint32Array(100_001);
  #count = 0;

  /** Beyond 100 ms all count as 100 ms. */
  record(milliseconds: number): void {
    const micros = Math.min(Math.max(Math.round(milliseconds * 1000), 0), this.#buckets.length - 1);
    this.#buckets[micros]!++;
    this.#count++;
  }

  get count(): number {
    return this.#count;
  }

  /** In microseconds; not a number when nothing was recorded. */
  percentileMicros(percent: number): number {
    if (this.#count === 0) return Number.NaN;
    const wanted = Math.max(1, Math.ceil((percent / 100) * this.#count));
    let seen = 0;
    for (let micros = 0; micros < this.#buckets.length; micros++) {
      seen += this.#buckets[micros]!;
      if (seen >= wanted) return micros;
    }
    return this.#buckets.length - 1;
  }
}
