/**
 * How an HTTP worker has answered the checks of each store, by status: written by that worker
 * alone, read by main. Counts wrap around at 2^32; what counts is how they differ from before.
 */
import { METRICS_MAX } from '../base/limits.js';

/** Statuses in their order in memory. */
export const ANSWER_STATUSES = [200, 404, 417, 429, 500] as const;

export type AnswerStatus = (typeof ANSWER_STATUSES)[number];

const WIDTH = ANSWER_STATUSES.length;

export class AnswerCounts {
  readonly #counts: Uint32Array;

  /** `memory` is that of counts made by `create`, in any thread. */
  constructor(readonly memory: SharedArrayBuffer) {
    this.#counts = new Uint32Array(memory);
  }

  static create(): AnswerCounts {
    return new AnswerCounts(new SharedArrayBuffer(METRICS_MAX * WIDTH * 4));
  }

  /** `slot`: of the store's own metric. */
  add(slot: number, status: AnswerStatus): void {
    this.#counts[slot * WIDTH + indexOf(status)]!++;
  }

  /** Adds what was counted to `sums`, one for each status. */
  addTo(sums: number[], slot: number): void {
    for (let index = 0; index < WIDTH; index++) {
      sums[index] = (sums[index]! + this.#counts[slot * WIDTH + index]!) >>> 0;
    }
  }

  /** Adds all that another worker has counted, whose counts no longer change. */
  absorb(other: AnswerCounts): void {
    for (const [index, count] of other.#counts.entries()) this.#counts[index]! += count;
  }
}

/** Nearly all answers are 200 or 429. */
function indexOf(status: AnswerStatus): number {
  switch (status) {
    case 200:
      return 0;
    case 429:
      return 3;
    case 404:
      return 1;
    case 417:
      return 2;
    case 500:
      return 4;
  }
}
