/** Which batches were handed to the disk, and how far they are durable. */
import { invariant } from './errors.js';
import type { Rules } from './rules.js';

interface TrackedWrite {
  readonly batch: number;
  /**
   * Up to here the batch makes the log durable; lowered when a later cut of the log makes it
   * worthless from there on.
   */
  lastIndex: number;
  finished: boolean;
}

/**
 * Batches count from 1; all up to `durableBatch` are on disk. Those under way follow it without
 * gaps.
 */
export class WriteTracker {
  #durableBatch = 0;
  #nextBatch = 1;
  #underWay: TrackedWrite[] = [];
  /** Ticks since the disk last finished a write, or got one while it had none. */
  #waitingTicks = 0;
  readonly #rules: Rules;

  constructor(rules: Rules) {
    this.#rules = rules;
  }

  get durableBatch(): number {
    return this.#durableBatch;
  }

  /** For how many ticks the disk has finished nothing of what it was given; 0: it owes nothing. */
  get waitingTicks(): number {
    return this.#waitingTicks;
  }

  tick(): void {
    if (this.#underWay.length > 0) this.#waitingTicks++;
  }

  /** The number that the next batch will have. */
  get nextBatch(): number {
    return this.#nextBatch;
  }

  /** A batch leaves that makes the log durable up to `lastIndex`. Returns its number. */
  start(lastIndex: number): number {
    const batch = this.#nextBatch++;
    this.#underWay.push({ batch, lastIndex, finished: false });
    return batch;
  }

  /**
   * Entries from `index` on were cut off: a write of theirs that finishes later says nothing about
   * what replaced them.
   */
  cutFrom(index: number): void {
    for (const write of this.#underWay) write.lastIndex = Math.min(write.lastIndex, index - 1);
  }

  /** Returns up to where the log is durable by the batches that count from now on, or 0. */
  finish(batch: number): number {
    const write = this.#underWay.find((candidate) => candidate.batch === batch);
    invariant(write !== undefined, 'a batch is reported once', batch, this.#durableBatch);
    write.finished = true;
    this.#waitingTicks = 0;
    let lastIndex = 0;
    for (let next = this.#nextToCount(); next !== undefined; next = this.#nextToCount()) {
      this.#durableBatch = Math.max(this.#durableBatch, next.batch);
      lastIndex = Math.max(lastIndex, next.lastIndex);
      this.#underWay.splice(this.#underWay.indexOf(next), 1);
    }
    return lastIndex;
  }

  #nextToCount(): TrackedWrite | undefined {
    return this.#underWay.find(
      (write) => write.finished && this.#rules.completesInOrder(write.batch, this.#durableBatch),
    );
  }
}
