/**
 * Whose turn it is in each probe thread: a thread notes the store for which it works, so that main
 * knows it when the thread dies or hangs. Notes are plain stores: an atomic one waits for all
 * stores before it, four times per probe. Main reads them long after the last one.
 *
 * A turn that an exception leaves is not ended: the exception ends the thread, or is handled by
 * code that begins the next turn.
 */

/** Of a thread that works for no store. */
const NONE = 0;

export class StoreTurns {
  readonly #notes: Int32Array;
  readonly #thread: number;

  /** Memory for so many threads. */
  static memory(threads: number): SharedArrayBuffer {
    return new SharedArrayBuffer(threads * Int32Array.BYTES_PER_ELEMENT);
  }

  constructor(memory: SharedArrayBuffer, thread: number) {
    this.#notes = new Int32Array(memory);
    this.#thread = thread;
  }

  /** Of the store that has that slot of the board. */
  of(slot: number): StoreTurn {
    return new StoreTurn(this.#notes, this.#thread, slot);
  }

  /** A slot of the store whose turn it is; null: none has its turn. */
  get slot(): number | null {
    const note = Atomics.load(this.#notes, this.#thread);
    return note === NONE ? null : note - 1;
  }

  end(): void {
    Atomics.store(this.#notes, this.#thread, NONE);
  }
}

export class StoreTurn {
  readonly #notes: Int32Array;
  readonly #thread: number;

  constructor(
    notes: Int32Array,
    thread: number,
    /** One of the store's slots. */
    public slot: number,
  ) {
    this.#notes = notes;
    this.#thread = thread;
  }

  begin(): void {
    this.#notes[this.#thread] = this.slot + 1;
  }

  end(): void {
    this.#notes[this.#thread] = NONE;
  }
}
