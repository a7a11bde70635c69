/**
 * A thread's cached readings of the board: while nothing is published, it compares the sequence
 * numbers and reads nothing else. A check would spend a third of its own time on reading groups in
 * full, hundreds of times in a row with the same result.
 */
import type { LeadershipView } from '../throttle/leadership-view.js';
import type { StoreMetric } from '../throttle/metric.js';
import { type Board, emptyLeadershipReading, emptyStoreReading } from './board.js';

export class CachedStoreReader {
  readonly #board: Board;
  readonly #slot: number;
  readonly #reading = emptyStoreReading();
  #version = Number.NaN;

  constructor(board: Board, slot: number) {
    this.#board = board;
    this.#slot = slot;
  }

  /** The same object each time, as of now. */
  current(): StoreMetric {
    // Before the reading: a publication in between makes the next call read again.
    const version = this.#board.storeVersion(this.#slot);
    if (version !== this.#version) {
      this.#board.readStore(this.#slot, this.#reading);
      this.#version = version;
    }
    return this.#reading;
  }
}

export class CachedLeadershipReader {
  readonly #board: Board;
  readonly #reading = emptyLeadershipReading();
  #version = Number.NaN;

  constructor(board: Board) {
    this.#board = board;
  }

  /** The same object each time, as of now. */
  current(): LeadershipView {
    const version = this.#board.leadershipVersion();
    if (version !== this.#version) {
      this.#board.readLeadership(this.#reading);
      this.#version = version;
    }
    return this.#reading;
  }
}
