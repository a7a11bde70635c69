/** Looks when a skip ends, however many skips there are and however fast they change. */

/** Longest delay of `setTimeout`. */
const DELAY_MAX_MS = 2 ** 31 - 1;

/** Skips that end within this time of each other, or of a new one, are ended together. */
const DELAY_MIN_MS = 100;

export class SkipTimer {
  readonly #nextEndInMs: () => number;
  readonly #ended: () => void;
  #timer: NodeJS.Timeout | undefined;
  #dueAtMs = Number.POSITIVE_INFINITY;
  #isStopped = false;

  /**
   * `nextEndInMs`: how long until the next skip ends; Infinity: none does. `ended`: some may have
   * ended.
   */
  constructor(nextEndInMs: () => number, ended: () => void) {
    this.#nextEndInMs = nextEndInMs;
    this.#ended = ended;
  }

  /** There may be a new skip. When it ends is looked up a little later, once for many. */
  changed(): void {
    this.#arm(DELAY_MIN_MS);
  }

  /** For good. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  #arm(delayMs: number): void {
    const dueAtMs = performance.now() + delayMs;
    if (this.#isStopped || this.#dueAtMs <= dueAtMs) return;
    clearTimeout(this.#timer);
    this.#dueAtMs = dueAtMs;
    this.#timer = setTimeout(() => this.#due(), delayMs);
  }

  #due(): void {
    this.#dueAtMs = Number.POSITIVE_INFINITY;
    const inMs = this.#nextEndInMs();
    if (inMs < Number.POSITIVE_INFINITY) {
      this.#arm(Math.min(DELAY_MAX_MS, Math.max(DELAY_MIN_MS, inMs)));
    }
    this.#ended();
  }
}
