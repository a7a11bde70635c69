/**
 * The lines of the log about hosts, of all stores of a thread: when a network fails, thousands of
 * hosts fail at once, and an operator needs one line that says so.
 */
import { monotonicMs } from '../../base/clock.js';
import type { Logger } from '../../base/log.js';
import type { FailureLines } from './failure-log.js';

/** In a second; the others of that second are one line. */
const LINES_MAX = 10;
const PERIOD_MS = 1_000;

/** Named in that line. */
const NAMED_MAX = 5;

type HostLine = Parameters<FailureLines['warn']>[0];

export class HostLines implements FailureLines {
  readonly #logger: Logger;
  #startedAtMs = Number.NEGATIVE_INFINITY;
  #lines = 0;
  /** Those without a line of their own, by message. */
  readonly #others = new Map<string, HostLine[]>();
  #timer: NodeJS.Timeout | undefined;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  warn(line: HostLine, message: string): void {
    const nowMs = monotonicMs();
    if (nowMs - this.#startedAtMs >= PERIOD_MS) {
      this.#startedAtMs = nowMs;
      this.#lines = 0;
    }
    if (this.#lines < LINES_MAX) {
      this.#lines++;
      this.#logger.warn(line, message);
      return;
    }
    const others = this.#others.get(message);
    if (others === undefined) this.#others.set(message, [line]);
    else others.push(line);
    this.#timer ??= setTimeout(() => this.#flush(), PERIOD_MS).unref();
  }

  #flush(): void {
    this.#timer = undefined;
    for (const [message, lines] of this.#others) {
      const hosts = lines.slice(0, NAMED_MAX).map(({ store, host }) => `${store}: ${host ?? ''}`);
      const error = lines.find((line) => line.error !== undefined)?.error;
      const first = error === undefined ? {} : { error };
      this.#logger.warn({ count: lines.length, hosts, ...first }, message);
    }
    this.#others.clear();
  }
}
