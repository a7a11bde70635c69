/**
 * Group commit: one write at a time; batches that arrive meanwhile go into the next write. What
 * must not be sent before its batch is synced, a vote above all, waits in
 * core/durable-outbox.ts.
 */
import type { Done, RaftStorage, StorageWrite } from '../driver-types.js';
import { mergeWrites } from '../storage/group-commit.js';

interface WriteBatch {
  /** Null: the core knows nothing of it. */
  readonly number: number | null;
  readonly write: StorageWrite;
}

export class DiskQueue {
  #waiting: WriteBatch[] = [];
  #isWriting = false;
  #isStopped = false;

  constructor(
    private readonly storage: Pick<RaftStorage, 'write'>,
    /** These batches are durable, in this order. */
    private readonly onDurable: (batches: readonly number[]) => void,
    private readonly onFailure: (error: Error) => void,
  ) {}

  /** Bounded by what the core allows to be uncommitted or in flight. */
  add(number: number | null, write: StorageWrite): void {
    this.#waiting.push({ number, write });
    this.#next();
  }

  stop(): void {
    this.#isStopped = true;
    this.#waiting = [];
  }

  #next(): void {
    if (this.#isWriting || this.#isStopped || this.#waiting.length === 0) return;
    const batches = this.#waiting;
    this.#waiting = [];
    this.#isWriting = true;
    const done: Done = (error) => {
      this.#isWriting = false;
      if (this.#isStopped) return;
      if (error !== null) {
        this.onFailure(error);
        return;
      }
      this.onDurable(batches.flatMap(({ number }) => number ?? []));
      this.#next();
    };
    this.storage.write(mergeWrites(batches.map(({ write }) => write)), done);
  }
}
