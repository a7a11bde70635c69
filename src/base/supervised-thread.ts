/**
 * What main does for every worker thread that must always run: a watchdog while the thread lives,
 * and a replacement after a pause when it dies.
 *
 * What to do with an unresponsive thread differs and is the owner's business: a probe thread can
 * be terminated and replaced; an HTTP worker cannot (uWebSockets aborts the process when a thread
 * ends with its listener open).
 */
import { Backoff } from './backoff.js';
import { Watchdog, type WatchdogLimits, type WatchedThread } from './watchdog.js';

/** One thread, from its start to its end. */
export class SupervisedThread {
  readonly #startedAtMs = performance.now();
  readonly #watchdog: Watchdog;
  #isHung = false;

  constructor(thread: WatchedThread, limits: WatchdogLimits) {
    const onHang = (): void => {
      this.#isHung = true;
      thread.onHang();
    };
    this.#watchdog = new Watchdog(
      { ping: () => thread.ping?.(), isExcused: () => thread.isExcused?.() ?? false, onHang },
      limits,
    );
  }

  /** Whether the watchdog has found it unresponsive; it may still end, or respond again. */
  get isHung(): boolean {
    return this.#isHung;
  }

  /** Milliseconds since its start. */
  get lifeMs(): number {
    return performance.now() - this.#startedAtMs;
  }

  /** To be called on every message of the thread. */
  feed(): void {
    this.#watchdog.feed();
  }

  /** The thread has ended: stops the watchdog. */
  ended(): void {
    this.#watchdog.stop();
  }
}

/** A thread that lived this long died of something new: its replacement starts at once. */
const LONG_LIFE_MS = 10_000;

/**
 * Replaces threads that die. The first one is replaced at once; after that, a thread that dies
 * again and again must not spend a core on starting.
 */
export class ThreadRestarts {
  /** No jitter: the threads are of one process, and nothing outside sees when they start. */
  readonly #backoff = new Backoff({ firstMs: 100, maxMs: 1_000, freeFailures: 1, jitter: 0 });
  readonly #timers = new Set<NodeJS.Timeout>();

  /** Calls `start` after the pause that it returns, in milliseconds, unless stopped before. */
  schedule({ lifeMs }: SupervisedThread, start: () => void): number {
    if (lifeMs >= LONG_LIFE_MS) this.#backoff.succeeded();
    const pauseMs = this.#backoff.failed();
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      start();
    }, pauseMs);
    this.#timers.add(timer);
    return pauseMs;
  }

  /** Cancels the starts that are due. */
  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }
}
