/**
 * The ticks of a node: at a fixed interval, never more often, and never before what has arrived was
 * delivered.
 */
import { monotonicMs } from '../../base/clock.js';

/**
 * After a stall of the event loop the timer comes first and the sockets after it: so the tick waits
 * for the end of that turn. Timers of Node count from the start of a turn and may therefore fire
 * too early; promises of voters are counted in ticks, so two of them are kept apart by the clock.
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

  #wait(delayMs: number): void {
    this.#timer = setTimeout(() => {
      this.#immediate = setImmediate(() => this.#turnEnds());
    }, Math.ceil(delayMs));
  }

  #turnEnds(): void {
    const missingMs = this.#lastMs + this.intervalMs - monotonicMs();
    if (missingMs > 0) {
      this.#wait(missingMs);
      return;
    }
    this.#wait(this.intervalMs);
    // Directly before the tick: the process may be held up between any two lines.
    this.#lastMs = monotonicMs();
    this.onTick();
  }
}
