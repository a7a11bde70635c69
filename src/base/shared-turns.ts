/** Steps of many long pieces of work, so many of them in a turn of the event loop. */

export class SharedTurns {
  readonly #stepsPerTurn: number;
  readonly #waiting: Array<() => void> = [];
  #isDue = false;

  constructor(stepsPerTurn: number) {
    this.#stepsPerTurn = stepsPerTurn;
  }

  /** `step` is one of them. */
  later(step: () => void): void {
    this.#waiting.push(step);
    this.#goOnSoon();
  }

  #goOnSoon(): void {
    if (this.#isDue || this.#waiting.length === 0) return;
    this.#isDue = true;
    setImmediate(() => {
      this.#isDue = false;
      for (const step of this.#waiting.splice(0, this.#stepsPerTurn)) step();
      this.#goOnSoon();
    });
  }
}
