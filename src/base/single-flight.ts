/**
 * Single-flight: concurrent requests for the same thing share one run of the work, and runs are
 * one after the other. However many clients request long work, the thread does one at a time.
 */

export class SingleFlight<T> {
  /** Runs that have not started, by their keys. */
  readonly #queued = new Map<string, Promise<T>>();
  #last: Promise<unknown> = Promise.resolve();

  /** How many different runs have not started. */
  get queued(): number {
    return this.#queued.size;
  }

  /** Whether a call with that key would share a run. */
  isQueued(key: string): boolean {
    return this.#queued.has(key);
  }

  /**
   * Runs when all earlier runs are over. A caller with the same `key` shares a run that has not
   * started; once it has started, a caller gets a new one, so that the result has everything that
   * was there at the time of its call.
   */
  run(key: string, work: () => Promise<T>): Promise<T> {
    const queued = this.#queued.get(key);
    if (queued !== undefined) return queued;
    const run = this.#last.then(() => {
      this.#queued.delete(key);
      return work();
    });
    this.#queued.set(key, run);
    this.#last = run.catch(() => {});
    return run;
  }
}
