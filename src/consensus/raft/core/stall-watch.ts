/**
 * When a leader is of no use any more: its disk stalls while a follower's does not, or it commits
 * nothing although something waits.
 */
import { invariant } from './errors.js';
import type { Replica } from './replica.js';

export class StallWatch {
  readonly #replica: Replica;
  /** Ticks for which an entry has waited and nothing was committed. */
  #commitWaitTicks = 0;
  /** Ticks until a stalled disk is a reason to offer leadership again. */
  #ticksToHandover = 0;

  constructor(replica: Replica) {
    this.#replica = replica;
  }

  tick(): void {
    const { log, diskWaitingTicks, config } = this.#replica;
    this.#commitWaitTicks = log.committed < log.lastIndex ? this.#commitWaitTicks + 1 : 0;
    if (diskWaitingTicks < config.diskTimeoutTicks) this.#ticksToHandover = 0;
    else if (this.#ticksToHandover > 0) this.#ticksToHandover--;
  }

  committed(): void {
    this.#commitWaitTicks = 0;
  }

  /**
   * A leader that commits nothing is of no use, even if a majority responds to its heartbeats: the
   * disks of too many nodes may stall, or its entries may never arrive. Another election may find a
   * leader that can commit. A single node waits for its disk.
   */
  get isCommitStalled(): boolean {
    const { peers, config } = this.#replica;
    return peers.length > 0 && this.#commitWaitTicks >= config.commitTimeoutTicks;
  }

  /**
   * A leader whose disk stalls can still commit by the disks of its followers, but it cannot vote
   * in the next term nor take a snapshot, and its memory fills.
   */
  get isDiskStalled(): boolean {
    const { diskWaitingTicks, config } = this.#replica;
    return diskWaitingTicks >= config.diskTimeoutTicks && this.#ticksToHandover === 0;
  }

  /** Leadership was offered because of the disk: the next offer waits as long again. */
  offered(): void {
    this.#ticksToHandover = this.#replica.config.diskTimeoutTicks;
  }

  /** Throws `RaftInvariantError`. */
  assertInvariants(): void {
    const { log, config } = this.#replica;
    const isIdle = log.committed === log.lastIndex;
    invariant(!isIdle || this.#commitWaitTicks === 0, 'nothing waits', this.#commitWaitTicks);
    const { diskTimeoutTicks } = config;
    invariant(this.#ticksToHandover >= 0, 'an offer waits for ticks', this.#ticksToHandover);
    invariant(this.#ticksToHandover <= diskTimeoutTicks, 'an offer waits for one time-out');
  }
}
