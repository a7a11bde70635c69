/**
 * The simulated lag of the demo's replicas. Each replica has a fixed capacity and applies the rows
 * of the client besides a background load that rises and falls (a sine). While the sum exceeds the
 * capacity the lag grows by the excess; below it the replica catches up. So the lag depends on
 * whether the client obeys freno, which is what the demo shows.
 */

/** Rows that a replica applies in a second. */
const CAPACITY_ROWS_PER_S = 1000;
const LAG_MAX_S = 4;

interface Background {
  /**
   * Mean and amplitude of the load, as shares of the capacity. A negative load makes the replica
   * catch up faster.
   */
  readonly mean: number;
  readonly amplitude: number;
  readonly periodS: number;
  /** Start within the period, 0 to 1; the load peaks at a quarter. */
  readonly phase: number;
  readonly initialLagS: number;
}

/**
 * The first replica starts busy and near the threshold of one second, so that the demo shows both
 * responses, 200 and 429, within seconds.
 */
const BACKGROUNDS: readonly Background[] = [
  { mean: 0.5, amplitude: 0.75, periodS: 8, phase: 0.08, initialLagS: 0.6 },
  { mean: 0.5, amplitude: 0.7, periodS: 11, phase: 0.45, initialLagS: 0.3 },
  { mean: 0.45, amplitude: 0.65, periodS: 7, phase: 0.75, initialLagS: 0.15 },
  { mean: 0.35, amplitude: 0.3, periodS: 5, phase: 0.2, initialLagS: 0.05 },
];

export class LagModel {
  readonly #lagsS: number[];
  #elapsedS = 0;

  constructor(readonly replicas = BACKGROUNDS.length) {
    this.#lagsS = Array.from({ length: replicas }, (_, index) => background(index).initialLagS);
  }

  /** Of the replica that is furthest behind, seconds. */
  get worstLagS(): number {
    return Math.max(...this.#lagsS);
  }

  /** Seconds that each replica is behind. */
  get lagsS(): readonly number[] {
    return this.#lagsS;
  }

  /**
   * Advances the time by `seconds`, in which the client wrote that many rows: the lag of a replica
   * changes by the load above, or below, its capacity.
   */
  advance(seconds: number, clientRows: number): void {
    if (seconds <= 0) return;
    this.#elapsedS += seconds;
    const clientLoad = clientRows / seconds / CAPACITY_ROWS_PER_S;
    this.#lagsS.forEach((lagS, index) => {
      const load = clientLoad + backgroundLoad(background(index), this.#elapsedS);
      this.#lagsS[index] = Math.min(Math.max(lagS + (load - 1) * seconds, 0), LAG_MAX_S);
    });
  }
}

function backgroundLoad({ mean, amplitude, periodS, phase }: Background, atS: number): number {
  return mean + amplitude * Math.sin(2 * Math.PI * (atS / periodS + phase));
}

function background(index: number): Background {
  return BACKGROUNDS[index % BACKGROUNDS.length]!;
}
