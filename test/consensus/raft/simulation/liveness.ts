/** How long a cluster may lack a leader, a lease or progress under faults that it must tolerate. */
import type { Violation } from './checker.js';

/** All in virtual time. */
export interface LivenessBounds {
  /** Some node holds a lease again. */
  readonly leaseWithinMs?: number;
  /** Some node leads again. */
  readonly leaderWithinMs?: number;
  /** A command of some client is acknowledged again. */
  readonly acknowledgedWithinMs?: number;
}

/** What holds at one moment. */
export interface ClusterHealth {
  readonly hasLease: boolean;
  readonly hasLeader: boolean;
  /** Commands acknowledged so far. */
  readonly acknowledged: number;
}

export class Liveness {
  #leaseMs = 0;
  #leaderMs = 0;
  #acknowledgedMs = 0;
  #acknowledged = 0;

  constructor(private readonly bounds: LivenessBounds) {}

  /** Null, or what has been missing for too long. */
  check(nowMs: number, { hasLease, hasLeader, acknowledged }: ClusterHealth): Violation | null {
    const { leaseWithinMs, leaderWithinMs, acknowledgedWithinMs } = this.bounds;
    if (hasLease) this.#leaseMs = nowMs;
    if (hasLeader) this.#leaderMs = nowMs;
    if (acknowledged > this.#acknowledged) this.#acknowledgedMs = nowMs;
    this.#acknowledged = acknowledged;
    return (
      missing('a node holds a lease again in time', nowMs, this.#leaseMs, leaseWithinMs) ??
      missing('a node leads again in time', nowMs, this.#leaderMs, leaderWithinMs) ??
      missing('commands commit again in time', nowMs, this.#acknowledgedMs, acknowledgedWithinMs)
    );
  }
}

function missing(
  invariant: string,
  nowMs: number,
  lastMs: number,
  withinMs = Number.POSITIVE_INFINITY,
): Violation | null {
  return nowMs - lastMs > withinMs ? { invariant, detail: `none since ${lastMs} ms` } : null;
}
