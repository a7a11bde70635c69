/**
 * How many requests a thread answers at once in one turn of the event loop.
 *
 * The native engine reads up to 512 KiB of a connection in one go and calls the handlers of all
 * requests in it before it looks at another connection; it does not tell which request came over
 * which. So the requests of all connections of the turn count together. Those beyond the budget
 * are answered in the next turn: for a client that sends one request at a time that is no
 * difference, but the engine closes a connection on which a request follows one that has no
 * response yet.
 */

/** Takes a few milliseconds. */
export const REQUESTS_PER_TURN_MAX = 256;

/**
 * Without a look at whether it is still the same turn, which would cost each check a little: so
 * many of earlier turns may count as of this one.
 */
const UNWATCHED_MAX = 128;

/** The engine gathers about a hundred responses before it writes each by itself. */
const FRESH_MAX = 192;

/** A check of up to 64 stores, which counts as much. */
export function isCheckAll(path: string): boolean {
  return path.startsWith('/check-all/');
}

export class TurnBudget {
  #taken = 0;
  #over: Promise<void> | undefined;

  /** Takes `count` from what is left; whether that was enough. */
  take(count = 1): boolean {
    this.#taken += count;
    if (this.#taken <= UNWATCHED_MAX) return true;
    void this.over();
    return this.#taken <= REQUESTS_PER_TURN_MAX;
  }

  /** Whether most of the budget of this turn is left. */
  get isFresh(): boolean {
    return this.#taken <= FRESH_MAX;
  }

  /** Resolves after this turn. */
  over(): Promise<void> {
    this.#over ??= new Promise((resolve) => {
      setImmediate(() => {
        this.#taken = 0;
        this.#over = undefined;
        resolve();
      });
    });
    return this.#over;
  }
}
