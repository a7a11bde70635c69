/** Writes in steps. After the first error nothing more is written. */
import type { Done } from '../driver-types.js';

/** Null: nothing to do. */
export type WriteStep = ((next: Done) => void) | null;

export class WriteSequence {
  /** Set once, by the first write that fails, or from outside. */
  #failure: Error | null = null;
  /** Writes that have not called back. */
  #pendingWrites = 0;
  #whenIdle: (() => void) | null = null;

  /** From now on every write fails, with the first error that was given. */
  fail(error: Error): void {
    this.#failure ??= error;
  }

  /** Runs the steps one after the other; those of several calls may alternate. */
  run(steps: readonly WriteStep[], done: Done): void {
    if (this.#failure !== null) {
      const failure = this.#failure;
      setImmediate(() => done(failure));
      return;
    }
    this.#pendingWrites += 1;
    let at = 0;
    const next: Done = (error) => {
      if (error !== null) this.#failure ??= error;
      while (error === null && at < steps.length && steps[at] === null) at += 1;
      const step = error === null ? steps[at++] : undefined;
      if (step != null) return step(next);
      this.#pendingWrites -= 1;
      done(error);
      if (this.#pendingWrites === 0) this.#whenIdle?.();
    };
    next(null);
  }

  /** Waits for pending writes. */
  async idle(): Promise<void> {
    if (this.#pendingWrites === 0) return;
    await new Promise<void>((resolve) => {
      this.#whenIdle = resolve;
    });
  }
}
