/**
 * Sends a long body as fast as the client takes it. Given the whole of it, the native engine would
 * copy what the client has not taken yet, for each client, and again and again while it drains.
 */
import type { HttpResponse } from 'uWebSockets.js';
import { CHUNK_BYTES, chunkTurns } from './chunk-turns.js';
import { TRANSFER_MS_MAX } from './held-bodies.js';

export class LargeBodySender {
  readonly #turns = chunkTurns();

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
        else if (isTaken) this.#turns.later(goOn);
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
}
