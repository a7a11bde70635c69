/**
 * Writes the lines of a log to a file descriptor, several at a time: a write for each would cost a
 * command more than all the rest that it takes of the thread.
 *
 * A line of level `warn` or above is written at once, with those before it; others within
 * `DELAY_MS`, or when the thread ends by itself. A process that is killed and a thread that is
 * terminated lose them.
 */
import type { DestinationStream } from 'pino';

const DELAY_MS = 20;

/**
 * What is written at once is not mixed with what other threads write to the same pipe (PIPE_BUF:
 * pipe(7)).
 */
const BYTES_MAX = 4_096;

/** The number of `warn` (pino, `levels.values`). */
const WARN = 40;

/** Writes synchronously. */
export interface LineSink {
  write(text: string): unknown;
}

export class LineBuffer implements DestinationStream {
  /** The library sets the level of each line that it is about to write (`needsMetadata`). */
  lastLevel = 0;
  readonly #sink: LineSink;
  #pending = '';
  #pendingBytes = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(sink: LineSink) {
    this.#sink = sink;
  }

  write(line: string): void {
    const bytes = Buffer.byteLength(line);
    if (this.#pendingBytes + bytes > BYTES_MAX) this.flush();
    this.#pending += line;
    this.#pendingBytes += bytes;
    if (this.lastLevel >= WARN) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), DELAY_MS).unref();
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#pending === '') return;
    const text = this.#pending;
    this.#pending = '';
    this.#pendingBytes = 0;
    this.#sink.write(text);
  }
}
