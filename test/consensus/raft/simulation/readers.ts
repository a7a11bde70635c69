/**
 * The reader threads of a simulated node, as one: up to which index they have taken the
 * state over, though they confirm what was applied in any order.
 */
export class Readers {
  #index: number;
  /** What was applied and is not confirmed yet, or stands behind something that is not. */
  #batches: Array<{ readonly index: number; isTaken: boolean }> = [];

  constructor(index: number) {
    this.#index = index;
  }

  /** Every reader judges by all commands up to here. */
  get index(): number {
    return this.#index;
  }

  /** The state is at `index` now; call the result when the readers have taken it over. */
  applied(index: number): () => void {
    const batch = { index, isTaken: false };
    this.#batches.push(batch);
    return () => {
      batch.isTaken = true;
      while (this.#batches[0]?.isTaken) this.#index = this.#batches.shift()!.index;
    };
  }
}
