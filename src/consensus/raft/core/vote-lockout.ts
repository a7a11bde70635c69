/**
 * The lockout of a voter: after it acknowledged a leader it grants no vote to another node for one
 * election time-out (dissertation 6.4.1, 4.2.3). The lease of the leader rests on it: while a
 * majority is locked out, no other node is elected.
 */
import type { RaftConfig } from './config.js';
import { invariant } from './errors.js';
import type { Rules } from './rules.js';

/**
 * A lockout holds in every term: a voter that learns of a higher term right after it acknowledged a
 * leader still waits. A node that starts is locked out as well, since it may have acknowledged a
 * leader before it crashed.
 *
 * A leader that hands over releases voters from lockouts of rounds up to the one in its
 * `timeoutNow`. It counts no lease on those rounds and begins no later ones until the transfer is
 * over, so a `timeoutNow` that arrives late releases no voter on which a newer lease rests. The
 * node that hands over was elected itself: by then, older lockouts had ended or were released.
 */
export class VoteLockout {
  #ticksLeft: number;
  /** The term of the leader that was acknowledged, ... */
  #term = Number.POSITIVE_INFINITY;
  /** ... and the round of its latest heartbeat. */
  #round = 0;
  readonly #electionTicks: number;
  readonly #rules: Rules;

  constructor({ electionTicks, startTicks, nodes }: RaftConfig, rules: Rules) {
    this.#electionTicks = electionTicks;
    this.#rules = rules;
    this.#ticksLeft = rules.isLockedOutAtStart(nodes.length - 1) ? startTicks : 0;
  }

  tick(): void {
    if (this.#ticksLeft > 0) this.#ticksLeft--;
  }

  /**
   * A leader was heard; `round` is that of its heartbeat, 0 for any other message. A lockout of an
   * earlier run is not shortened.
   */
  renew(term: number, round: number): void {
    this.#ticksLeft = Math.max(this.#ticksLeft, this.#electionTicks);
    this.#round = term === this.#term ? Math.max(this.#round, round) : round;
    this.#term = term;
    invariant(this.#ticksLeft >= this.#electionTicks, 'a lockout is never cut short', term);
  }

  /** This node was elected: the leader that it had acknowledged has lost leadership. */
  release(): void {
    this.#ticksLeft = 0;
  }

  /** Whether it forbids a vote in `term`; `transferRound` is that of the vote request. */
  forbids(term: number, transferRound: number): boolean {
    if (!this.#rules.isLockedOut(this.#ticksLeft)) return false;
    const giver = term - 1;
    const overtaken = this.#term < giver;
    const released =
      this.#term === giver && this.#rules.releasesLockout(this.#round, transferRound);
    return transferRound === 0 || !(overtaken || released);
  }

  /** Throws `RaftInvariantError`. */
  assertInvariants(): void {
    invariant(this.#ticksLeft >= 0, 'a lockout ends at 0', this.#ticksLeft);
    invariant(this.#round >= 0, 'rounds count from 1', this.#round);
  }
}
