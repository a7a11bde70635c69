/**
 * Long work in turns: however many ask for it, a thread is busy with one chunk of one answer at a
 * time.
 */

export class SingleFlight<T> {
  /** Turns that have not begun, by what they are for. */
  readonly #waiting = new Map<string, Promise<T>>();
  #last: Promise<unknown> = Promise.resolve();

  /**
   * Runs when all that was asked before is over. Who asks for the same thing (`key`) before it
   * begins shares the turn; who asks later gets another one, so that an answer has everything that
   * was there when it was asked for.
   */
  run(key: string, run: () => Promise<T>): Promise<T> {
    const waiting = this.#waiting.get(key);
    if (waiting !== undefined) return waiting;
    const turn = this.#last.then(() => {
      this.#waiting.delete(key);
      return run();
    });
    this.#waiting.set(key, turn);
    this.#last = turn.catch(() => {});
    return turn;
  }
}
