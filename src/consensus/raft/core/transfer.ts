/** A leadership transfer under way (dissertation 3.10). */
import type { LeadershipLoss, NodeId } from './types.js';

/** While it lasts the leader takes no proposals, holds no lease and begins no round. */
export class Transfer {
  readonly to: NodeId;
  readonly reason: LeadershipLoss;
  #ticksLeft: number;

  constructor(to: NodeId, ticks: number, reason: LeadershipLoss) {
    this.to = to;
    this.reason = reason;
    this.#ticksLeft = ticks;
  }

  tick(): 'open' | 'overdue' {
    return --this.#ticksLeft > 0 ? 'open' : 'overdue';
  }
}
