/** Since when a metric has not been healthy. */
import type { LeadershipView } from './leadership-view.js';
import type { StoreMetric } from './metric.js';

/**
 * `monotonicMs()` at which the metric was last at or below its threshold under this leadership;
 * of a metric that has not been yet: the promotion, so that it does not pass for healthy.
 */
export function lastHealthyAtMs(metric: StoreMetric, leadership: LeadershipView): number {
  const isOfThisLeadership =
    metric.generation === metric.currentGeneration && metric.term === leadership.term;
  return isOfThisLeadership && metric.lastHealthyMs > 0
    ? metric.lastHealthyMs
    : leadership.promotedAtMs;
}
