/**
 * The ticks of a node.
 *
 * The core counts time in ticks. Two properties make that safe. Ticks are never closer together
 * than the interval, because the lockout of a voter is counted in ticks and a lease relies on its
 * length. And messages that have arrived are delivered before the tick, so that a stalled event
 * loop does not mistake its own pause for a dead leader.
 */
import { monotonicMs } from '../../base/clock.js';

/**
 * After a stall, the event loop runs timers before sockets (Node.js guide "The Node.js Event
 * Loop"): the tick waits for the check phase (`setImmediate`), after the poll phase. Timers count
 * from the start of a loop iteration and may fire early, so the clock is checked as well.
 */
export class Ticker {
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly intervalMs: number,
    private readonly onTick: () => void,
  ) {}

  start(): void {
    this.#lastMs = monotonicMs();
    this.#wait(this.intervalMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
  }

  /** Timers count from a time that is cut to milliseconds: one more, and they are not early. */
  #wait(delayMs: number): void {
    this.#timer = setTimeout(() => {
      this.#immediate = setImmediate(() => this.#afterPoll());
    }, Math.ceil(delayMs) + 1);
  }

  #afterPoll(): void {
    const missingMs = this.#lastMs + this.intervalMs - monotonicMs();
    if (missingMs > 0) {
      this.#wait(missingMs);
      return;
    }
    this.#wait(this.intervalMs);
    // Read directly before the tick: the process may be paused between any two lines.
    this.#lastMs = monotonicMs();
    this.onTick();
  }
}
