/**
 * Leadership as every thread sees it, and the one place where the threads that act on it check the
 * deadline of the lease (`mayAct`).
 *
 * A leader that is cut off from the majority, or whose process was paused, does not learn at once
 * that another node leads. So no thread acts on "this node is leader" alone: it compares the time
 * at which it acts with the end of the lease. Consensus extends the lease only as far as no other
 * node can become leader (Raft thesis, section 6.4.1; the backend's heartbeat row).
 */

/** Leadership of this node, as consensus reported it last. */
export interface LeadershipView {
  readonly leading: boolean;
  /** Acts as leader whatever consensus reports (`--force-leadership`). */
  readonly forced: boolean;
  /** Every store has its first result or error, or has had its time to get one. */
  readonly ready: boolean;
  readonly term: number;
  /** No other node leads before `monotonicMs()` reaches this. */
  readonly leaseUntilMs: number;
  /**
   * Added to `monotonicMs()`, gives the Unix time by which expiries are judged. Null: they are
   * judged by this node's own clock.
   */
  readonly clockOffsetMs: number | null;
  /** `monotonicMs()` at which this node began to act in that term; 0 while it does not. */
  readonly promotedAtMs: number;
}

/** A node that follows, in a term that no election has given yet. */
export const NOT_LEADING: LeadershipView = {
  leading: false,
  forced: false,
  ready: false,
  term: 0,
  leaseUntilMs: 0,
  promotedAtMs: 0,
  clockOffsetMs: null,
};

/** Whether this node may act as leader at `nowMs` (`monotonicMs()`): the lease is checked here. */
export function mayAct(leadership: LeadershipView, nowMs: number): boolean {
  return leadership.forced || (leadership.leading && nowMs < leadership.leaseUntilMs);
}

/** Whether `/leader-check` responds 200 at `nowMs` (`monotonicMs()`). */
export function mayLead(leadership: LeadershipView, nowMs: number): boolean {
  return leadership.ready && mayAct(leadership, nowMs);
}

/**
 * Unix time by which expiries are judged at `nowMs` (`monotonicMs()`), in whole milliseconds.
 * `ownUnixMs` is the time of this node's own clock.
 */
export function expiryTimeMs(
  { clockOffsetMs }: LeadershipView,
  nowMs: number,
  ownUnixMs: number,
): number {
  return clockOffsetMs === null ? ownUnixMs : Math.round(nowMs + clockOffsetMs);
}
