/**
 * How the lag of the demo's replicas moves: each applies the client's rows beside a load of its own
 * that comes and goes.
 */

/** Rows that a replica applies in a second. */
const CAPACITY_ROWS_PER_S = 1000;
const LAG_MAX_S = 4;

interface Background {
  /**
   * Mean load, and how far it swings to either side, as shares of the capacity. Less than nothing:
   * the replica has room to catch up faster.
   */
  readonly mean: number;
  readonly swing: number;
  readonly periodS: number;
  /** Where in its period it starts, 0 to 1; a quarter is the height of the load. */
  readonly phase: number;
  readonly initialLagS: number;
}

/**
 * The first starts busy and near a threshold of one second, so that the demo shows both answers
 * within seconds.
 */
const BACKGROUNDS: readonly Background[] = [
  { mean: 0.5, swing: 0.75, periodS: 8, phase: 0.08, initialLagS: 0.6 },
  { mean: 0.5, swing: 0.7, periodS: 11, phase: 0.45, initialLagS: 0.3 },
  { mean: 0.45, swing: 0.65, periodS: 7, phase: 0.75, initialLagS: 0.15 },
  { mean: 0.35, swing: 0.3, periodS: 5, phase: 0.2, initialLagS: 0.05 },
];

export class LagModel {
  readonly #lagsS: number[];
  #elapsedS = 0;

  constructor(readonly replicas = BACKGROUNDS.length) {
    this.#lagsS = Array.from({ length: replicas }, (_, index) => background(index).initialLagS);
  }

  /** Seconds that each replica is behind. */
  get lagsS(): readonly number[] {
    return this.#lagsS;
  }

  /**
   * Lets time pass in which the client wrote that many rows: a replica falls behind by what exceeds
   * its capacity, and catches up by what is free.
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

function backgroundLoad({ mean, swing, periodS, phase }: Background, atS: number): number {
  return mean + swing * Math.sin(2 * Math.PI * (atS / periodS + phase));
}

function background(index: number): Background {
  return BACKGROUNDS[index % BACKGROUNDS.length]!;
}
