/** How long a cluster may be without what it needs, while faults go on that it must bear. */
import type { Violation } from './checker.js';
import { never } from './fault-profile.js';

export interface LivenessBounds {
  /** Virtual time in which some node holds a lease again. */
  readonly leaseWithinMs?: number;
  /** Virtual time in which some node leads again. */
  readonly leaderWithinMs?: number;
}

export class Liveness {
  #leaseMs = 0;
  #leaderMs = 0;

  constructor(private readonly bounds: LivenessBounds) {}

  /** Null, or what was missing for too long. */
  look(nowMs: number, hasLease: boolean, hasLeader: boolean): Violation | null {
    const { leaseWithinMs = never, leaderWithinMs = never } = this.bounds;
    if (hasLease) this.#leaseMs = nowMs;
    if (hasLeader) this.#leaderMs = nowMs;
    if (nowMs - this.#leaseMs > leaseWithinMs) {
      return {
        invariant: 'some node soon holds a lease',
        detail: `none since ${this.#leaseMs} ms`,
      };
    }
    if (nowMs - this.#leaderMs > leaderWithinMs) {
      return { invariant: 'some node soon leads', detail: `none since ${this.#leaderMs} ms` };
    }
    return null;
  }
}
