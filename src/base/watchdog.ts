/**
 * Whether a thread still does anything: it is asked again and again, and one that goes on saying
 * nothing hangs.
 */

export interface WatchdogLimits {
  readonly tickMs: number;
  /** A thread that is silent for more ticks than these hangs. */
  readonly ticksMax: number;
  /** The same before it is heard for the first time: it has to load its code. */
  readonly firstTicksMax: number;
}

/** 10 s: long after any stall of an event loop that has an end. */
export const SILENCE_LIMITS: WatchdogLimits = { tickMs: 1_000, ticksMax: 10, firstTicksMax: 30 };

/** Of main, which only a new process replaces, and which a heap snapshot of it holds longest. */
export const MAIN_SILENCE_LIMITS: WatchdogLimits = {
  tickMs: 1_000,
  ticksMax: 60,
  firstTicksMax: 60,
};

export interface WatchedThread {
  /**
   * Sends a question that a live thread answers at once. Missing of one that speaks by itself as
   * often as that.
   */
  ask?(): void;
  /** Whether silence is no sign now, because the thread was told to do what holds it. */
  isExcused?(): boolean;
  /** Called once, when the thread hangs; it is watched no more. */
  onHang(): void;
}

/**
 * Silence is counted in ticks of the watching thread's own timer, never by a clock: a stall of that
 * thread, or a pause of the whole process (SIGSTOP, a machine that sleeps), in which nobody could
 * have answered, is one tick however long it is.
 */
export class Watchdog {
  readonly #thread: WatchedThread;
  readonly #limits: WatchdogLimits;
  readonly #timer: NodeJS.Timeout;
  /** Since the question was sent, or something was heard. */
  #silentTicks = 0;
  #ticksMax: number;

  constructor(thread: WatchedThread, limits: WatchdogLimits) {
    this.#thread = thread;
    this.#limits = limits;
    this.#ticksMax = limits.firstTicksMax;
    this.#timer = setInterval(() => this.#tick(), limits.tickMs);
    this.#timer.unref();
  }

  /** To be told of every message of the thread. */
  feed(): void {
    this.#silentTicks = 0;
    this.#ticksMax = this.#limits.ticksMax;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    if (this.#thread.isExcused?.()) this.#silentTicks = 0;
    if (this.#silentTicks === 0) this.#thread.ask?.();
    this.#silentTicks++;
    if (this.#silentTicks <= this.#ticksMax) return;
    this.stop();
    this.#thread.onHang();
  }
}
