/** Linearizable reads without writing to the log (dissertation 6.4). */
import { invariant } from './errors.js';
import type { ReadGrant } from './types.js';

interface Confirming {
  /**
   * A majority must respond to this round, or a later one: then no other node led when it was sent.
   */
  readonly round: number;
  /** The commit index when the round began. */
  readonly index: number;
  readonly contexts: readonly number[];
}

/**
 * Reads wait for a round of heartbeats that begins after them. One round confirms all reads that
 * wait; the next begins when it is over, so a flood of reads costs one round at a time.
 */
export class Reads {
  #waiting: number[] = [];
  #confirming: Confirming | null = null;
  #granted: ReadGrant[] = [];

  /** Reads not granted yet. */
  get pending(): number {
    return this.#waiting.length + (this.#confirming?.contexts.length ?? 0);
  }

  ask(context: number): void {
    this.#waiting.push(context);
  }

  get wantsRound(): boolean {
    return this.#confirming === null && this.#waiting.length > 0;
  }

  roundBegins(round: number, committed: number): void {
    invariant(this.#confirming === null, 'one round at a time confirms reads', round);
    this.#confirming = { round, index: committed, contexts: this.#waiting };
    this.#waiting = [];
  }

  /** A majority has answered `round`. */
  confirmed(round: number): void {
    if (this.#confirming === null || this.#confirming.round > round) return;
    const { index, contexts } = this.#confirming;
    this.#confirming = null;
    for (const context of contexts) this.#granted.push({ context, index });
  }

  hasGrants(applied: number): boolean {
    return this.#granted.length > 0 && this.#granted[0]!.index <= applied;
  }

  /** Granted reads whose entries are applied. Their indexes never fall. */
  takeGrants(applied: number): ReadGrant[] {
    const waits = this.#granted.findIndex((grant) => grant.index > applied);
    return this.#granted.splice(0, waits < 0 ? this.#granted.length : waits);
  }

  /**
   * All reads that can no longer be granted. A granted read stays valid: it was confirmed in time.
   */
  takeLost(): number[] {
    const lost = [...(this.#confirming?.contexts ?? []), ...this.#waiting];
    this.#confirming = null;
    this.#waiting = [];
    return lost;
  }

  /** Throws `RaftInvariantError`. */
  assertInvariants(): void {
    let before = 0;
    for (const { index } of this.#granted) {
      invariant(index >= before, 'indexes of granted reads never fall', index, before);
      before = index;
    }
    const isEmpty = this.#confirming?.contexts.length === 0;
    invariant(!isEmpty, 'a round confirms at least one read', this.#waiting.length);
  }
}
