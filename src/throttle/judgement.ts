/**
 * Judges the metrics of a store, each by itself, and picks the result that decides. Pure.
 */
import { type LeadershipView, mayAct } from './leadership-view.js';
import {
  isCurrent,
  type MetricMode,
  MetricState,
  noHostsMessage,
  type StoreMetric,
  thresholdInForce,
} from './metric.js';

export type CheckStatus = 200 | 404 | 417 | 429 | 500;

/** Where the threshold of a metric comes from, in one check. */
export type ThresholdOrigin =
  /** It holds for all apps. */
  | 'all'
  /** The rule of the app. */
  | 'app'
  /** The client (`check-read`). */
  | 'client';

/** A metric that applies to a check. */
export interface JudgedMetric {
  readonly name: string;
  readonly mode: MetricMode;
  /** The latest, as of now. */
  readonly reading: StoreMetric;
  readonly origin: ThresholdOrigin;
  /** Meaningful unless `origin` is `all`. */
  readonly ownThreshold: number;
}

/** Of one metric, or of the check that it decides. */
export interface Judgement {
  readonly status: CheckStatus;
  readonly value: number;
  readonly threshold: number;
  readonly message: string;
  /** Null: no metric decided. */
  readonly metric: JudgedMetric | null;
}

/** When a metric is judged. */
export interface JudgingTime {
  readonly leadership: LeadershipView;
  /** `monotonicMs()`. */
  readonly nowMs: number;
  /** As of `expiryTimeMs`. */
  readonly nowUnixMs: number;
}

/**
 * A threshold that an operator has set is for all, also for apps with rules. That of a client
 * stays: it knows what it reads.
 */
export function thresholdOf(metric: JudgedMetric, nowUnixMs: number): number {
  const { reading, origin, ownThreshold } = metric;
  const isOwn =
    origin === 'client' || (origin === 'app' && nowUnixMs >= reading.setThresholdUntilMs);
  return isOwn ? ownThreshold : thresholdInForce(reading, nowUnixMs);
}

/** The value that is shown where the metric does not decide; 0: it has none. */
export function shownValue({ reading }: JudgedMetric, { leadership, nowMs }: JudgingTime): number {
  const isShown = reading.state === MetricState.ok && isCurrent(reading, leadership, nowMs);
  return isShown ? reading.value : 0;
}

/** Of one metric by itself, whatever its mode. */
export function judge(metric: JudgedMetric, time: JudgingTime): Judgement {
  const { reading } = metric;
  const threshold = thresholdOf(metric, time.nowUnixMs);
  if (!isCurrent(reading, time.leadership, time.nowMs)) {
    const isLeader = mayAct(time.leadership, time.nowMs);
    const message = isLeader ? 'No metric yet' : 'Not the leader';
    return { status: 404, value: 0, threshold, message, metric };
  }
  switch (reading.state) {
    case MetricState.ok:
      // In this form, NaN exceeds every threshold.
      return reading.value <= threshold
        ? { status: 200, value: reading.value, threshold, message: '', metric }
        : { status: 429, value: reading.value, threshold, message: 'Threshold exceeded', metric };
    case MetricState.notCollected:
      return { status: 500, value: 0, threshold, message: 'Metric not collected yet', metric };
    case MetricState.noHosts:
      return { status: 500, value: 0, threshold, message: noHostsMessage(reading), metric };
    default:
      return { status: 500, value: 0, threshold, message: reading.errorText, metric };
  }
}

/**
 * Whether the left one decides: 500 before 404 before 429, and among these that which is furthest
 * above its threshold, by ratio.
 */
export function isWorse(left: Judgement, right: Judgement): boolean {
  const difference = SEVERITY[left.status] - SEVERITY[right.status];
  if (difference !== 0) return difference > 0;
  return left.status === 429 && excess(left) > excess(right);
}

const SEVERITY: Readonly<Record<CheckStatus, number>> = { 200: 0, 429: 1, 404: 2, 500: 3, 417: 4 };

/** How many times its threshold the value is; no number exceeds by most. */
function excess({ value, threshold }: Judgement): number {
  if (Number.isNaN(value)) return Number.POSITIVE_INFINITY;
  return threshold === 0 ? Number.MAX_VALUE : value / threshold;
}
