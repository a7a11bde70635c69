/**
 * When a follower stands for election: after a random time, so that few nodes stand at once
 * (dissertation 3.4), and later with each election that brought no leader.
 */
import type { RaftConfig } from './config.js';
import { invariant } from './errors.js';

/** Uniform in [0, 1). */
export type RandomSource = () => number;

/** Ticks by which a tick that the own disk takes for a vote prolongs the time-out. */
const TICKS_PER_DISK_TICK = 2;

export class ElectionTimer {
  readonly #config: RaftConfig;
  readonly #random: RandomSource;
  #ticksLeft = 0;
  /** Elections since this node last heard a leader. */
  #elections = 0;

  constructor(config: RaftConfig, random: RandomSource) {
    this.#config = config;
    this.#random = random;
    this.restart();
  }

  /** Draws another time-out. */
  restart(): void {
    const { electionTicks, maxElectionBackoff, nodes } = this.#config;
    const backoff = Math.min(maxElectionBackoff, 2 ** Math.max(0, this.#elections - 1));
    const ticks = electionTicks * backoff;
    this.#ticksLeft = nodes.length === 1 ? 1 : ticks + Math.floor(this.#random() * ticks);
    invariant(this.#ticksLeft > 0, 'an election time-out takes time', this.#ticksLeft);
  }

  /**
   * The vote of this node is not on its disk yet. The time begins when it is, and allows for disks
   * of others that are as slow: for their votes, and for the first entry.
   */
  waitForDisk(): void {
    const { electionTicks, maxElectionBackoff } = this.#config;
    const limit = 2 * electionTicks * maxElectionBackoff;
    this.#ticksLeft = Math.min(limit, this.#ticksLeft + TICKS_PER_DISK_TICK);
  }

  /** True once the time is over. */
  tick(): boolean {
    return --this.#ticksLeft <= 0;
  }

  /** This node, or another one, stands for election. */
  electionBegins(): void {
    this.#elections++;
  }

  /** There is a leader. */
  leaderKnown(): void {
    this.#elections = 0;
  }
}
