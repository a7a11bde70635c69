/**
 * How many connections the probe threads have to hosts, together: each thread counts its own, and
 * none opens one beyond the bound, which leaves descriptors to clients, peers and files.
 */

export class ProbeSockets {
  readonly #counts: Int32Array;
  readonly #thread: number;
  readonly #max: number;

  /** Memory for so many threads. */
  static memory(threads: number): SharedArrayBuffer {
    return new SharedArrayBuffer(threads * Int32Array.BYTES_PER_ELEMENT);
  }

  /** For one thread, which has none yet. */
  constructor(memory: SharedArrayBuffer, thread: number, max: number) {
    this.#counts = new Int32Array(memory);
    this.#thread = thread;
    this.#max = max;
    Atomics.store(this.#counts, thread, 0);
  }

  /** Whether one more may be opened, which counts until `leave`. */
  take(): boolean {
    let open = 0;
    for (let thread = 0; thread < this.#counts.length; thread++) {
      open += Atomics.load(this.#counts, thread);
    }
    if (open >= this.#max) return false;
    Atomics.add(this.#counts, this.#thread, 1);
    return true;
  }

  leave(): void {
    Atomics.sub(this.#counts, this.#thread, 1);
  }
}
