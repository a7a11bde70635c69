/**
 * The rounds of heartbeats that a majority has acknowledged, and for how long no other node can be
 * elected after them: what the lease of a leader rests on (dissertation 6.4.1).
 */
import { invariant } from './errors.js';
import type { Progress } from './progress.js';
import { reachedByMajority } from './quorum.js';
import type { Replica } from './replica.js';

/** Invariants: `confirmed` never falls; `floor <= replica.lastRound`. */
export class LeaseRounds {
  readonly #replica: Replica;
  readonly #followers: readonly Progress[];
  /**
   * Rounds up to here carry no lease: they are of an earlier term, or were sent before an aborted
   * transfer.
   */
  #floor: number;
  #confirmed = 0;
  #lockoutMs = 0;

  constructor(replica: Replica, followers: readonly Progress[]) {
    this.#replica = replica;
    this.#followers = followers;
    this.#floor = replica.lastRound;
  }

  /** The latest round that a majority has acknowledged, this node included. */
  get confirmed(): number {
    return this.#confirmed;
  }

  /** For how many milliseconds after it was sent some majority elects no other node. */
  get lockoutMs(): number {
    return this.#lockoutMs;
  }

  /** The round that carries the lease, or 0. `offers`: leadership is being handed over. */
  leaseRound(offers: boolean): number {
    return this.#replica.rules.carriesLease(this.#confirmed, this.#floor, offers)
      ? this.#confirmed
      : 0;
  }

  /** Whether the follower has responded since an offer of leadership could have released it. */
  hasResponded({ ackedRound }: Progress): boolean {
    return ackedRound > this.#floor;
  }

  /** No lease rests on the rounds that were sent so far. */
  raiseFloor(): void {
    this.#floor = this.#replica.lastRound;
  }

  /** Counts the acknowledgements. True if a later round is confirmed. */
  confirm(): boolean {
    const acked = this.#followers.map(({ ackedRound }) => ackedRound);
    acked.push(this.#replica.lastRound);
    const round = reachedByMajority(acked);
    invariant(round <= this.#replica.lastRound, 'no round is confirmed before it begins', round);
    const isNews = round > this.#confirmed;
    if (isNews) this.#confirmed = round;
    this.#lockoutMs = this.#shortestLockoutMs();
    return isNews;
  }

  /** Throws `RaftInvariantError`. */
  assertInvariants(): void {
    const { lastRound } = this.#replica;
    invariant(this.#floor <= lastRound, 'the floor is a round that began', this.#floor, lastRound);
    invariant(this.#confirmed <= lastRound, 'a confirmed round began', this.#confirmed, lastRound);
    invariant(this.#lockoutMs >= 0, 'a lockout takes time', this.#lockoutMs);
  }

  /**
   * A candidate needs votes of a majority, and two majorities share a node: while all nodes of some
   * majority are locked out, no node is elected. Of each majority the node with the shortest
   * lockout counts, and the majority with the longest such lockout. The leader belongs to it
   * without limit: it loses leadership before it votes for another node.
   */
  #shortestLockoutMs(): number {
    const { rules, config } = this.#replica;
    const lockouts = this.#followers.map(({ ackedRound, lockoutMs }) =>
      ackedRound >= this.#confirmed ? rules.lockoutMs(lockoutMs, config.lockoutMs) : 0,
    );
    lockouts.push(Number.POSITIVE_INFINITY);
    return reachedByMajority(lockouts);
  }
}
