/** All metrics of all stores, by the names under which lists and reports show them. */
import type { MetricLocation, StoreLocation } from './http.js';

export interface LocatedMetric extends MetricLocation {
  readonly store: string;
  /** `main1` for the store's own metric, `main1/threads_running` for another. */
  readonly path: string;
  readonly isOwn: boolean;
}

/** In the order of the stores; of each its own metric first. */
export function* locatedMetrics(stores: readonly StoreLocation[]): Generator<LocatedMetric> {
  for (const { name: store, metrics } of stores) {
    for (const [index, metric] of metrics.entries()) {
      const isOwn = index === 0;
      yield { ...metric, store, path: isOwn ? store : `${store}/${metric.name}`, isOwn };
    }
  }
}
