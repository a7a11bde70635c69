/**
 * Decides when everything applied so far is in force: every reader has confirmed it, though the
 * confirmations come in any order.
 */
export class ApplyBarrier {
  /** Oldest first; a confirmed one leaves once all before it have. */
  #batches: Array<{ isSettled: boolean; readonly waiters: Array<() => void> }> = [];

  /**
   * A batch was applied; call the result once when its readers have confirmed it. `onSeen` runs
   * when they have confirmed it and all batches before it.
   */
  applied(onSeen: () => void = () => {}): () => void {
    const batch = { isSettled: false, waiters: [onSeen] };
    this.#batches.push(batch);
    return () => {
      batch.isSettled = true;
      this.#release();
    };
  }

  /** Calls back when all batches applied before are confirmed; at once if there is none left. */
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
