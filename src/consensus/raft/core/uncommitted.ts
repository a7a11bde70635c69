/** How much of a leader's log waits to be committed, or for its own disk: bounds its memory. */
import { invariant } from './errors.js';
import type { Log } from './log.js';

/** Invariant: `bytes` is the size of the entries after `settledIndex`. */
export class UncommittedBytes {
  readonly #log: Log;
  /** Entries up to here are committed, and durable on this node. */
  #settledIndex: number;
  #bytes: number;

  constructor(log: Log) {
    this.#log = log;
    this.#settledIndex = Math.min(log.committed, log.durable);
    this.#bytes = log.bytesBetween(this.#settledIndex, log.lastIndex);
  }

  get bytes(): number {
    return this.#bytes;
  }

  appended(bytes: number): void {
    this.#bytes += bytes;
  }

  /** More is committed, or durable. */
  settle(): void {
    const { committed, durable } = this.#log;
    const index = Math.min(committed, durable);
    invariant(index >= this.#settledIndex, 'what is settled stays so', index, this.#settledIndex);
    this.#bytes -= this.#log.bytesBetween(this.#settledIndex, index);
    this.#settledIndex = index;
    invariant(this.#bytes >= 0, 'no more settles than was appended', this.#bytes);
  }

  assertInvariants(): void {
    const { committed, durable, lastIndex } = this.#log;
    invariant(
      this.#settledIndex <= Math.min(committed, durable),
      'settled is committed and durable',
    );
    invariant(
      this.#bytes === this.#log.bytesBetween(this.#settledIndex, lastIndex),
      'the size of what is not settled is exact',
      this.#bytes,
    );
  }
}
