/**
 * What a voter has promised to a leader by acknowledging it: no vote for anybody else for a while.
 * The lease rests on it.
 */
import type { RaftConfig } from './config.js';
import type { Rules } from './rules.js';

/**
 * A promise binds whatever the term: a voter that learns of a higher term right after it
 * acknowledged a leader still waits. At its start a node is bound to a leader unknown, since it may
 * have promised before it crashed.
 *
 * A leader that hands over releases voters from promises to rounds up to the one that its
 * `timeoutNow` names. It counts no lease on those rounds and begins no later ones until the
 * transfer is over, so a `timeoutNow` that arrives late releases nobody on whom a newer lease
 * rests. Who gives leadership away was elected: by then, older promises had run out or were
 * released.
 */
export class VoteLockout {
  #ticksLeft: number;
  /** To the leader of this term, ... */
  #term = Number.POSITIVE_INFINITY;
  /** ... whose latest heartbeat seen was of this round. */
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
   * A leader was heard; `round` is that of its heartbeat, 0 for any other message. What an earlier
   * run promised is not cut short.
   */
  renew(term: number, round: number): void {
    this.#ticksLeft = Math.max(this.#ticksLeft, this.#electionTicks);
    this.#round = term === this.#term ? Math.max(this.#round, round) : round;
    this.#term = term;
  }

  /** This node was elected itself: whoever it had promised to leads no more. */
  release(): void {
    this.#ticksLeft = 0;
  }

  /** Whether it forbids a vote in `term`; `transferRound` is that of the vote request. */
  forbids(term: number, transferRound: number): boolean {
    if (!this.#rules.isLockedOut(this.#ticksLeft)) return false;
    const giver = term - 1;
    const overtaken = this.#term < giver;
    const released = this.#term === giver && this.#round <= transferRound;
    return transferRound === 0 || !(overtaken || released);
  }
}
