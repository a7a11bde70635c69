/** Which batches were handed to the disk, and up to where the log is durable by them. */
import { invariant } from './errors.js';
import type { Rules } from './rules.js';

interface TrackedWrite {
  readonly batch: number;
  /** Up to here the batch makes the log durable. A later truncation lowers it. */
  lastIndex: number;
  finished: boolean;
}

/**
 * Batches count from 1; all up to `durableBatch` are on disk. Those in progress follow without
 * gaps.
 */
export class WriteTracker {
  #durableBatch = 0;
  #nextBatch = 1;
  #inProgress: TrackedWrite[] = [];
  /** Ticks since the disk last completed a write, or got one while it was idle. */
  #waitingTicks = 0;
  readonly #rules: Rules;

  constructor(rules: Rules) {
    this.#rules = rules;
  }

  get durableBatch(): number {
    return this.#durableBatch;
  }

  /** For how many ticks the disk has completed nothing of what it was given; 0 if it is idle. */
  get waitingTicks(): number {
    return this.#waitingTicks;
  }

  tick(): void {
    if (this.#inProgress.length > 0) this.#waitingTicks++;
  }

  /** The number that the next batch will have. */
  get nextBatch(): number {
    return this.#nextBatch;
  }

  /**
   * A batch that makes the log durable up to `lastIndex` is handed to the disk. Returns its number.
   */
  start(lastIndex: number): number {
    const batch = this.#nextBatch++;
    this.#inProgress.push({ batch, lastIndex, finished: false });
    return batch;
  }

  /**
   * Entries from `index` on were truncated: a write of theirs that completes later does not cover
   * the entries that replaced them.
   */
  cutFrom(index: number): void {
    for (const write of this.#inProgress) {
      write.lastIndex = this.#rules.lastIndexAfterCut(write.lastIndex, index);
    }
  }

  /**
   * The batch is on disk. Returns up to where the log is durable by the batches that count from now
   * on, or 0.
   */
  finish(batch: number): number {
    const write = this.#inProgress.find((candidate) => candidate.batch === batch);
    invariant(write !== undefined, 'a batch is reported once', batch, this.#durableBatch);
    write.finished = true;
    this.#waitingTicks = 0;
    let lastIndex = 0;
    for (let next = this.#nextToCount(); next !== undefined; next = this.#nextToCount()) {
      this.#durableBatch = Math.max(this.#durableBatch, next.batch);
      lastIndex = Math.max(lastIndex, next.lastIndex);
      this.#inProgress.splice(this.#inProgress.indexOf(next), 1);
    }
    invariant(this.#durableBatch < this.#nextBatch, 'only what was handed over is durable', batch);
    return lastIndex;
  }

  /** Throws `RaftInvariantError`. */
  assertInvariants(): void {
    invariant(this.#durableBatch < this.#nextBatch, 'a batch is handed over before it is durable');
    let before = this.#durableBatch;
    for (const { batch } of this.#inProgress) {
      invariant(batch > before && batch < this.#nextBatch, 'batches are in order', batch, before);
      before = batch;
    }
    const isIdle = this.#inProgress.length === 0;
    invariant(!isIdle || this.#waitingTicks === 0, 'an idle disk owes nothing', this.#waitingTicks);
  }

  #nextToCount(): TrackedWrite | undefined {
    return this.#inProgress.find(
      (write) => write.finished && this.#rules.completesInOrder(write.batch, this.#durableBatch),
    );
  }
}
