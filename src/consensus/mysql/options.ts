/**
 * The times of the MySQL backend. Nodes of both programs must agree on them, so they are the
 * original's, and only tests change them.
 */

export interface BackendTimes {
  /** Between two rounds of the election. */
  readonly electionIntervalMs: number;
  /** A row that was not renewed for this long may be taken over. */
  readonly takeoverSeconds: number;
  /** A leader stops leading this long after it sent the last renewal that succeeded. */
  readonly leaseMs: number;
  /** Between two reports of this node to `service_health`. */
  readonly healthIntervalMs: number;
  /** Between two reads of throttled apps and skipped hosts. */
  readonly stateIntervalMs: number;
  readonly connectTimeoutMs: number;
  /** A statement without a response for this long ends its connection. */
  readonly statementTimeoutMs: number;
  /** A connection that is older is replaced by a new one. */
  readonly connectionMaxAgeMs: number;
}

export const DEFAULT_TIMES: BackendTimes = {
  electionIntervalMs: 1_000,
  takeoverSeconds: 5,
  leaseMs: 4_000,
  healthIntervalMs: 2_000,
  stateIntervalMs: 1_000,
  connectTimeoutMs: 1_000,
  statementTimeoutMs: 1_000,
  connectionMaxAgeMs: 60_000,
};

/**
 * The lease ends this long before the row may be taken over, at least. It counts from the sending
 * of a renewal, the row from its execution, which is later. The margin covers a database whose
 * clock is set forward a little.
 */
const LEASE_MARGIN_MS = 1_000;

export function assertTimes(times: BackendTimes): void {
  if (times.leaseMs + LEASE_MARGIN_MS > times.takeoverSeconds * 1_000) {
    throw new RangeError('the lease must end a second before the row may be taken over');
  }
  if (times.electionIntervalMs >= times.leaseMs) {
    throw new RangeError('the lease must be longer than the interval of its renewals');
  }
}
