/** A stream to a client of the native engine. */
import type { HttpResponse } from 'uWebSockets.js';
import type { StreamSink } from '../live/sink.js';

export class UwsSink implements StreamSink {
  readonly #res: HttpResponse;
  #isOpen = true;
  #isWritable = true;
  #closed: (() => void) | undefined;

  constructor(res: HttpResponse) {
    this.#res = res;
    res.onAborted(() => this.#close());
    res.onWritable(() => {
      this.#isWritable = true;
      return true;
    });
  }

  get isWritable(): boolean {
    return this.#isWritable;
  }

  write(chunk: string): void {
    if (!this.#isOpen) return;
    this.#res.cork(() => {
      this.#isWritable = this.#res.write(chunk);
    });
  }

  end(): void {
    if (!this.#isOpen) return;
    // Asked to close the connection as well, this version would write that header into the body.
    this.#res.cork(() => this.#res.end());
    this.#close();
  }

  abort(): void {
    // Calls the listener of `onAborted`.
    if (this.#isOpen) this.#res.close();
  }

  onClose(listener: () => void): void {
    this.#closed = listener;
  }

  #close(): void {
    this.#isOpen = false;
    this.#closed?.();
    this.#closed = undefined;
  }
}
