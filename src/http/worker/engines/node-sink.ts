/** A stream to a client of the engine on node:http. */
import type { ServerResponse } from 'node:http';
import type { StreamSink } from '../live/sink.js';

export class NodeSink implements StreamSink {
  readonly #res: ServerResponse;

  constructor(res: ServerResponse) {
    this.#res = res;
  }

  get isWritable(): boolean {
    return !this.#res.writableNeedDrain;
  }

  write(chunk: string): void {
    this.#res.write(chunk);
  }

  end(): void {
    this.#res.end();
  }

  abort(): void {
    this.#res.destroy();
  }

  onClose(listener: () => void): void {
    this.#res.once('close', listener);
  }
}
