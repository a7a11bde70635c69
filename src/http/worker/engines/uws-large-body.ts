/**
 * Sends a long body as fast as the client takes it. Given the whole of it, the native engine would
 * copy what the client has not taken yet, for each client, and again and again while it drains.
 */
import type { HttpResponse } from 'uWebSockets.js';
import { TRANSFER_MS_MAX } from './held-bodies.js';

/** In one go. */
const CHUNK_BYTES = 64 * 1024;

/** Chunks of one turn of the event loop, of all bodies. */
const CHUNKS_PER_TURN = 8;

export class LargeBodySender {
  readonly #waiting: Array<() => void> = [];
  #isDue = false;

  /**
   * `begin` writes the head. Resolves when the client has taken the body, or has gone. Replaces the
   * listener of `onAborted`.
   */
  send(res: HttpResponse, body: Buffer, begin: () => void): Promise<void> {
    return new Promise((resolve) => {
      const startedAtMs = performance.now();
      let isOver = false;
      const finish = (): void => {
        isOver = true;
        resolve();
      };
      /** Whether the client has taken all that it was given. */
      const sendChunk = (): boolean => {
        const from = res.getWriteOffset();
        const chunk = body.subarray(from, from + CHUNK_BYTES);
        const [isTaken, isWhole] = res.tryEnd(chunk, body.length);
        if (isWhole) finish();
        else if (isTaken) this.#later(goOn);
        return isTaken;
      };
      const goOn = (): void => {
        if (isOver) return;
        if (performance.now() - startedAtMs > TRANSFER_MS_MAX) res.close();
        else res.cork(sendChunk);
      };
      res.onAborted(finish);
      res.onWritable(() => {
        goOn();
        return true;
      });
      res.cork(() => {
        begin();
        sendChunk();
      });
    });
  }

  #later(goOn: () => void): void {
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
