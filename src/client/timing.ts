/** Time in a client: pauses, and the bounds of a wait. Only what every JavaScript runtime has. */

/** The longest delay of `setTimeout`; a longer one would fire at once. */
export const DELAY_MAX_MS = 2 ** 31 - 1;

/** Milliseconds of a clock that only goes forward. */
export function nowMs(): number {
  return performance.now();
}

/** Rejects with the reason of the signal when it aborts, whatever the promise does then. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

export function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  let timer: ReturnType<typeof setTimeout>;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, delayMs);
  });
  return abortable(over, signal).finally(() => clearTimeout(timer));
}

/** A signal that aborts with another one, after a time, or by itself. */
export class AbortScope {
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal | undefined;
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  readonly #abortWithOuter = (): void => this.#controller.abort(this.#outer?.reason);

  constructor(outer?: AbortSignal) {
    this.#outer = outer;
    if (outer?.aborted) this.#abortWithOuter();
    outer?.addEventListener('abort', this.#abortWithOuter, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }

  /** Runs the action after that time, unless the scope has ended. Never if the time is infinite. */
  after(delayMs: number, action: () => void): void {
    if (delayMs === Number.POSITIVE_INFINITY) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      action();
    }, delayMs);
    this.#timers.add(timer);
  }

  /** No timer and no listener is left. */
  end(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#outer?.removeEventListener('abort', this.#abortWithOuter);
  }
}
