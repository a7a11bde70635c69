/** Long bodies are sent in chunks, so many of them in a turn of the event loop. */

/** In one go. */
export const CHUNK_BYTES = 64 * 1024;

/** Chunks of one turn, of all bodies: well under 5 ms. */
const CHUNKS_PER_TURN = 8;

export class ChunkTurns {
  readonly #waiting: Array<() => void> = [];
  #isDue = false;

  /** `goOn` sends one chunk. */
  later(goOn: () => void): void {
    this.#waiting.push(goOn);
    this.#sendSoon();
  }

  #sendSoon(): void {
    if (this.#isDue || this.#waiting.length === 0) return;
    this.#isDue = true;
    setImmediate(() => {
      this.#isDue = false;
      for (const goOn of this.#waiting.splice(0, CHUNKS_PER_TURN)) goOn();
      this.#sendSoon();
    });
  }
}
