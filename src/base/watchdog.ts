/**
 * Watches a thread: pings it again and again, and reports it as hung when it stays unresponsive.
 *
 * A thread that hangs holds up whatever waits for it: connections that the kernel gave it, changes
 * that it must acknowledge, the values that it should write. Nothing else reports this, since the
 * thread neither ends nor fails.
 */
import { sharedInterval } from './shared-interval.js';

export interface WatchdogLimits {
  readonly tickMs: number;
  /** A thread that is unresponsive for more ticks than these hangs. */
  readonly ticksMax: number;
  /** The same before its first message: it has to load its code. */
  readonly firstTicksMax: number;
}

/** 10 s: longer than any stall of an event loop that comes to an end. */
export const WATCHDOG_LIMITS: WatchdogLimits = { tickMs: 1_000, ticksMax: 10, firstTicksMax: 30 };

/**
 * For main, which only a new process replaces. A heap snapshot of main stalls it longer than
 * anything else.
 */
export const MAIN_WATCHDOG_LIMITS: WatchdogLimits = {
  tickMs: 1_000,
  ticksMax: 60,
  firstTicksMax: 60,
};

export interface WatchedThread {
  /**
   * Sends a message that a live thread responds to at once. Not needed for a thread that sends
   * messages by itself at least that often.
   */
  ping?(): void;
  /** Whether it may be unresponsive now, because what main requested blocks it. */
  isExcused?(): boolean;
  /** Called once, when the thread hangs; it is no longer watched then. */
  onHang(): void;
}

/**
 * Time is counted in ticks of the watching thread's own timer, never by a clock. A stall of that
 * thread, or a pause of the whole process (SIGSTOP, a machine that sleeps), in which no thread can
 * respond, is one tick however long it is.
 */
export class Watchdog {
  readonly #thread: WatchedThread;
  readonly #limits: WatchdogLimits;
  readonly #cancel: () => void;
  /** Since the last message of the thread, or the start of the watchdog. */
  #ticksSinceFeed = 0;
  #ticksMax: number;

  constructor(thread: WatchedThread, limits: WatchdogLimits) {
    this.#thread = thread;
    this.#limits = limits;
    this.#ticksMax = limits.firstTicksMax;
    this.#cancel = sharedInterval(limits.tickMs, () => this.#tick());
  }

  /** To be called on every message of the thread. */
  feed(): void {
    this.#ticksSinceFeed = 0;
    this.#ticksMax = this.#limits.ticksMax;
  }

  stop(): void {
    this.#cancel();
  }

  #tick(): void {
    if (this.#thread.isExcused?.()) this.#ticksSinceFeed = 0;
    if (this.#ticksSinceFeed === 0) this.#thread.ping?.();
    this.#ticksSinceFeed++;
    if (this.#ticksSinceFeed <= this.#ticksMax) return;
    this.stop();
    this.#thread.onHang();
  }
}
