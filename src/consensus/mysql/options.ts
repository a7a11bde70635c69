/**
 * The times of the MySQL backend. Those that nodes must agree on are the original's: change them in
 * tests only.
 */

export interface BackendTimes {
  /** The row of the leader is renewed, or looked at, this often. */
  readonly electionIntervalMs: number;
  /** The row may be taken over when the database has not seen it renewed for this long. */
  readonly takeoverSeconds: number;
  /** A leader stops leading this long after it sent the last renewal that succeeded. */
  readonly leaseMs: number;
  /** This node says so often that it is alive. */
  readonly healthIntervalMs: number;
  /** Throttled apps and skipped hosts are read this often. */
  readonly stateIntervalMs: number;
  readonly connectTimeoutMs: number;
  /** A statement that is not answered for this long takes its connection with it. */
  readonly statementTimeoutMs: number;
}

export const DEFAULT_TIMES: BackendTimes = {
  electionIntervalMs: 1_000,
  takeoverSeconds: 5,
  leaseMs: 4_000,
  healthIntervalMs: 2_000,
  stateIntervalMs: 1_000,
  connectTimeoutMs: 1_000,
  statementTimeoutMs: 1_000,
};

/**
 * The lease ends well before the row may be taken over: it counts from the sending of a renewal,
 * the row's time from its execution, which is later. What is left over bears with a database whose
 * clock is set forward a little.
 */
const LEASE_MARGIN_MS = 1_000;

export function assertTimes(times: BackendTimes): void {
  if (times.leaseMs + LEASE_MARGIN_MS > times.takeoverSeconds * 1_000) {
    throw new RangeError('the lease must end a second before the row may be taken over');
  }
  if (times.electionIntervalMs >= times.leaseMs) {
    throw new RangeError('the lease must outlast the interval of its renewals');
  }
}
