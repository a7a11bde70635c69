/**
 * How many logins of all probe threads to each address are in progress: each thread counts its own,
 * so that what a dead thread counted goes with it.
 *
 * The memory knows no addresses: one is counted in a bucket of each row, by its hash, and its
 * number is the lowest of them (a count-min sketch: Cormode and Muthukrishnan, An Improved Data
 * Stream Summary, 2005). So a number is never too low, and too high only for an address that shares
 * its bucket in every row with busy ones.
 */
import { createHash } from 'node:crypto';

const ROWS = 4;
const BUCKETS = 4096;

/** What is counted. */
const KINDS = {
  /** Logins in progress. */
  begun: 0,
  /** Those of them that are more than an attempt to connect. */
  connected: ROWS * BUCKETS,
} as const;

const CELLS_PER_THREAD = 2 * ROWS * BUCKETS;

export class LoginCounts {
  readonly #counts: Int16Array;
  /** Of the first cell of this thread. */
  readonly #own: number;

  /** Memory for so many threads. */
  static memory(threads: number): SharedArrayBuffer {
    return new SharedArrayBuffer(threads * CELLS_PER_THREAD * Int16Array.BYTES_PER_ELEMENT);
  }

  /** For one thread, which has no logins yet. */
  constructor(memory: SharedArrayBuffer, thread: number) {
    this.#counts = new Int16Array(memory);
    this.#own = thread * CELLS_PER_THREAD;
    this.#counts.fill(0, this.#own, this.#own + CELLS_PER_THREAD);
  }

  of(address: string): AddressLogins {
    return new AddressLogins(this.#counts, this.#own, cellsOf(address));
  }
}

/** The logins to one address. */
export class AddressLogins {
  readonly #counts: Int16Array;
  readonly #own: number;
  readonly #cells: readonly number[];

  /** `cells`: one of each row. */
  constructor(counts: Int16Array, own: number, cells: readonly number[]) {
    this.#counts = counts;
    this.#own = own;
    this.#cells = cells;
  }

  /** Whether one of this thread may begin, which counts until `end`. */
  begin(max: number): boolean {
    if (this.#count(KINDS.begun) >= max) return false;
    this.#add(KINDS.begun, 1);
    // Two threads may have looked at once: the later one counts both.
    if (this.#count(KINDS.begun) <= max) return true;
    this.#add(KINDS.begun, -1);
    return false;
  }

  end(): void {
    this.#add(KINDS.begun, -1);
  }

  /** One that has begun, of this thread, has a connection: until `disconnected`. */
  connected(): void {
    this.#add(KINDS.connected, 1);
  }

  disconnected(): void {
    this.#add(KINDS.connected, -1);
  }

  /** Whether a login has a connection. */
  get isConnected(): boolean {
    return this.#count(KINDS.connected) > 0;
  }

  #add(kind: number, change: number): void {
    for (const cell of this.#cells) Atomics.add(this.#counts, this.#own + kind + cell, change);
  }

  #count(kind: number): number {
    let lowest = Number.POSITIVE_INFINITY;
    for (const cell of this.#cells) {
      let sum = 0;
      for (let at = kind + cell; at < this.#counts.length; at += CELLS_PER_THREAD) {
        sum += Atomics.load(this.#counts, at);
      }
      lowest = Math.min(lowest, sum);
    }
    return lowest;
  }
}

function cellsOf(address: string): number[] {
  const hash = createHash('sha1').update(address).digest();
  return Array.from(
    { length: ROWS },
    (_, row) => row * BUCKETS + (hash.readUInt16LE(2 * row) % BUCKETS),
  );
}
