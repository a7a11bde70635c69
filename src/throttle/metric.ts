/**
 * What is known of a store: the outcome of the latest aggregation over its hosts, and the settings
 * that judge it.
 */
import { type LeadershipView, mayAct } from './leadership-view.js';

export const MetricState = {
  /** Never measured. */
  nothing: 0,
  ok: 1,
  /** Some host that is not ignored has not been read yet. */
  notCollected: 2,
  /** No host is left after filtering. */
  noHosts: 3,
  /** A host that may not be ignored could not be read. */
  error: 4,
} as const;

export type MetricState = (typeof MetricState)[keyof typeof MetricState];

/**
 * `enforce`: a check waits while the metric is above its threshold. `observe`: it is judged,
 * counted and shown, and denies nothing.
 */
export type MetricMode = 'enforce' | 'observe';

/** Outcome of one aggregation over the hosts of a store. */
export interface Measurement {
  /** Of the store's assignment; see `StoreMetric`. */
  readonly generation: number;
  /** Term of the leadership under which the values were read. */
  readonly term: number;
  readonly state: MetricState;
  /** Meaningful when `state` is `ok`. */
  readonly value: number;
  /** `monotonicMs()` at which the oldest value of the aggregation was read. */
  readonly readAtMs: number;
  /**
   * `monotonicMs()` when the value was last at or below the threshold; 0 when never in this term.
   */
  readonly lastHealthyMs: number;
  /**
   * `monotonicMs()` since when the metric has been as it is, by the threshold in force for all:
   * within it, above it, or without a value.
   */
  readonly sinceMs: number;
  /**
   * Meaningful when `state` is `error`; when it is `noHosts`, what was left out: `ignored: ` and
   * an error, `skipped: ` and addresses, or empty.
   */
  readonly errorText: string;
}

/** The configured threshold of a metric, and the one that an operator has set. */
export type ThresholdSettings = Pick<
  StoreMetric,
  'threshold' | 'setThreshold' | 'setThresholdUntilMs'
>;

/** A configured store: its latest measurement beside the settings that judge it. */
export interface StoreMetric extends Measurement {
  /**
   * The generation that holds the slot now. A measurement of another generation belongs to a store
   * that was removed.
   */
  readonly currentGeneration: number;
  readonly threshold: number;
  /** In the place of `threshold` before `setThresholdUntilMs`: see `thresholdInForce`. */
  readonly setThreshold: number;
  /** Unix time in milliseconds, by the clock of `expiryTimeMs`; 0: none is set. */
  readonly setThresholdUntilMs: number;
  /** An older measurement does not count. */
  readonly maxAgeMs: number;
  /**
   * `monotonicMs()` until which the store of this name counts as unhealthy at a leader that shares
   * a domain; 0 when no leader reports it unhealthy.
   */
  readonly unhealthyAtPeersUntilMs: number;
}

/**
 * Whether the latest measurement counts: made under this leadership, for this very store, and no
 * older than its maximum age. A measurement that does not count is treated as none.
 */
export function isCurrent(metric: StoreMetric, leadership: LeadershipView, nowMs: number): boolean {
  return (
    metric.state !== MetricState.nothing &&
    metric.generation === metric.currentGeneration &&
    metric.term === leadership.term &&
    nowMs - metric.readAtMs <= metric.maxAgeMs &&
    mayAct(leadership, nowMs)
  );
}

/** What judges a metric at `nowUnixMs` (`expiryTimeMs`): decided here, for all threads. */
export function thresholdInForce(
  { threshold, setThreshold, setThresholdUntilMs }: ThresholdSettings,
  nowUnixMs: number,
): number {
  return nowUnixMs < setThresholdUntilMs ? setThreshold : threshold;
}

/** Before the addresses of the hosts that operators have skipped. */
export const SKIPPED = 'skipped: ';

/** Why there is no value although hosts may be listed. */
export function noHostsMessage({ errorText }: Measurement): string {
  return errorText === '' ? 'No hosts found' : `No hosts found; ${errorText}`;
}
