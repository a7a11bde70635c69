/** A leadership transfer in progress (dissertation 3.10). */
import type { LeadershipLoss, NodeId } from './types.js';

/** Meanwhile the leader refuses proposals, holds no lease and begins no round. */
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
