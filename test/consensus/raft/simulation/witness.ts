/** What the checker has seen of one simulated node, across its lives. */
import type { Entry, NodeId } from '../../../../src/consensus/raft/core/types.js';
import type { SimulatedDisk } from './disk.js';

export class Witness {
  /**
   * The log as its core has handed it to the disk; `logBase` is the index before its first entry.
   */
  log: Entry[] = [];
  logBase = 0;
  logBaseTerm = 0;
  applied = 0;
  highestTermSent = 0;
  readonly votesSent = new Map<number, NodeId>();
  wonTerm = 0;
  leaseUntilMs = 0;
  judgesAheadMs = 0;
  /** Every check is judged by the commands up to here. */
  inForce = 0;

  constructor(readonly disk: SimulatedDisk) {}

  get lastIndex(): number {
    return this.logBase + this.log.length;
  }

  termAt(index: number): number | undefined {
    if (index === this.logBase) return this.logBaseTerm;
    return this.log[index - this.logBase - 1]?.term;
  }
}
