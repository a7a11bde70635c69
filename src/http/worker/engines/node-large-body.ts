/**
 * Sends a long body as fast as the client takes it. Given the whole of it, the system would copy
 * what it has room for in one turn, for each client: hundreds of milliseconds for twenty of them.
 */
import type { ServerResponse } from 'node:http';
import { CHUNK_BYTES, chunkTurns } from './chunk-turns.js';

export class NodeLargeBodySender {
  readonly #turns = chunkTurns();

  /** After the head. */
  send(res: ServerResponse, body: Buffer): void {
    let from = 0;
    const sendChunk = (): void => {
      if (res.destroyed) return;
      const chunk = body.subarray(from, from + CHUNK_BYTES);
      from += chunk.length;
      if (from >= body.length) res.end(chunk);
      else if (res.write(chunk)) this.#turns.later(sendChunk);
      else res.once('drain', () => this.#turns.later(sendChunk));
    };
    this.#turns.later(sendChunk);
  }
}
