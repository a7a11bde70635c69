/** When a metric was last healthy. */
import type { LeadershipView } from './leadership-view.js';
import type { StoreMetric } from './metric.js';

/**
 * `monotonicMs()` at which the metric was last at or below its threshold under this leadership;
 * the time of the promotion if it has not been yet, so that the metric does not count as healthy.
 */
export function lastHealthyAtMs(metric: StoreMetric, leadership: LeadershipView): number {
  const isOfThisLeadership =
    metric.generation === metric.currentGeneration && metric.term === leadership.term;
  return isOfThisLeadership && metric.lastHealthyMs > 0
    ? metric.lastHealthyMs
    : leadership.promotedAtMs;
}
