/**
 * Knows when everything applied so far has been seen by everybody who must see it, though the
 * acknowledgements come in any order.
 */
export class ApplyBarrier {
  /** Oldest first; a settled one leaves once all before it have. */
  #batches: Array<{ isSettled: boolean; readonly waiters: Array<() => void> }> = [];

  /**
   * A batch was applied; call the result once when it has been seen. `onSeen` runs when it and all
   * before it have been.
   */
  applied(onSeen: () => void = () => {}): () => void {
    const batch = { isSettled: false, waiters: [onSeen] };
    this.#batches.push(batch);
    return () => {
      batch.isSettled = true;
      this.#release();
    };
  }

  /** Calls back when all batches applied before have been seen; at once when there is none left. */
  whenSeen(callback: () => void): void {
    const last = this.#batches.at(-1);
    if (last === undefined) callback();
    else last.waiters.push(callback);
  }

  #release(): void {
    while (this.#batches[0]?.isSettled) {
      for (const waiter of this.#batches.shift()!.waiters) waiter();
    }
  }
}
