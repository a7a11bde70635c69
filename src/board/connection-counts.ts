/**
 * The HTTP connections of all workers together, and how many there may be: the workers count, main
 * sets the bound. The kernel deals connections out unevenly, so each worker alone could not tell.
 */

const OPEN = 0;
const MAX = 1;
const REFUSED = 2;
const PIPELINED = 3;
const REQUESTS_REFUSED = 4;

const UNBOUNDED = 2 ** 31 - 1;

export class ConnectionCounts {
  readonly #words: Int32Array;

  /** `memory` is that of counts made by `create`, in any thread. */
  constructor(readonly memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory);
  }

  static create(): ConnectionCounts {
    const counts = new ConnectionCounts(new SharedArrayBuffer(5 * 4));
    counts.max = UNBOUNDED;
    return counts;
  }

  /** A connection opened: false when it has no place, and is to be closed. */
  opened(): boolean {
    if (Atomics.add(this.#words, OPEN, 1) < this.max) return true;
    Atomics.add(this.#words, REFUSED, 1);
    return false;
  }

  /** One that opened has closed, with or without a place. */
  closed(): void {
    Atomics.sub(this.#words, OPEN, 1);
  }

  /** One was closed because more requests arrived on it at once than are answered in one turn. */
  pipelined(): void {
    Atomics.add(this.#words, PIPELINED, 1);
  }

  /** A request was refused because too many others wait. */
  requestRefused(): void {
    Atomics.add(this.#words, REQUESTS_REFUSED, 1);
  }

  get open(): number {
    return Atomics.load(this.#words, OPEN);
  }

  get max(): number {
    return Atomics.load(this.#words, MAX);
  }

  set max(max: number) {
    Atomics.store(this.#words, MAX, Math.min(max, UNBOUNDED));
  }

  get isBounded(): boolean {
    return this.max < UNBOUNDED;
  }

  /** Closed for want of a place, since the start; wraps around at 2^32. */
  get refused(): number {
    return Atomics.load(this.#words, REFUSED) >>> 0;
  }

  /** Since the start; wraps around at 2^32. */
  get requestsRefused(): number {
    return Atomics.load(this.#words, REQUESTS_REFUSED) >>> 0;
  }

  /** Closed for pipelining too much, since the start; wraps around at 2^32. */
  get closedForPipelining(): number {
    return Atomics.load(this.#words, PIPELINED) >>> 0;
  }
}
