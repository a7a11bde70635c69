/**
 * Bodies that list all stores, from the board. They are written in time slices, so that a long list
 * does not delay the checks.
 */
import { monotonicMs, monotonicToUnixMs } from '../../base/clock.js';
import { goFixed, goTime, jsonString } from '../../base/json.js';
import { jsonObjectInChunks } from '../../base/time-slice.js';
import { type Board, emptyLeadershipReading, emptyStoreReading } from '../../board/board.js';
import type { StoreLocation } from '../../contracts/http.js';
import { locatedMetrics } from '../../contracts/metric-paths.js';
import { lastHealthyAtMs } from '../../throttle/health.js';
import { mayAct } from '../../throttle/leadership-view.js';
import { isCurrent, MetricState, noHostsMessage, type StoreMetric } from '../../throttle/metric.js';

/** `/aggregated-metrics`: the current value of each metric. `brief`: 3 decimals instead of 6. */
export function aggregatedMetrics(
  board: Board,
  stores: readonly StoreLocation[],
  brief: boolean,
): Promise<string> {
  const nowMs = monotonicMs();
  const leadership = board.readLeadership(emptyLeadershipReading());
  const metric = emptyStoreReading();
  const entries = new Map<string, string>();
  for (const { path, slot } of locatedMetrics(stores)) {
    if (!isCurrent(board.readStore(slot, metric), leadership, nowMs)) continue;
    entries.set(`mysql/${path}`, jsonString(metricText(metric, brief ? 3 : 6)));
  }
  return jsonObjectInChunks(entries);
}

/** `/metrics-health`: every metric, while this node acts as leader; `Mode` of those observed. */
export function metricsHealth(board: Board, stores: readonly StoreLocation[]): Promise<string> {
  const nowMs = monotonicMs();
  const leadership = board.readLeadership(emptyLeadershipReading());
  const metric = emptyStoreReading();
  const entries = new Map<string, string>();
  if (mayAct(leadership, nowMs)) {
    for (const { path, slot, mode } of locatedMetrics(stores)) {
      const healthyAtMs = lastHealthyAtMs(board.readStore(slot, metric), leadership);
      const seconds = Math.max(0, Math.floor((nowMs - healthyAtMs) / 1000));
      const at = goTime(Math.round(monotonicToUnixMs(healthyAtMs)));
      const observed = mode === 'observe' ? ',"Mode":"observe"' : '';
      entries.set(
        `mysql/${path}`,
        `{"LastHealthyAt":"${at}","SecondsSinceLastHealthy":${seconds}${observed}}`,
      );
    }
  }
  return jsonObjectInChunks(entries);
}

function metricText(metric: StoreMetric, decimals: number): string {
  switch (metric.state) {
    case MetricState.ok:
      return goFixed(metric.value, decimals);
    case MetricState.notCollected:
      return 'error: Metric not collected yet';
    case MetricState.noHosts:
      return `error: ${noHostsMessage(metric)}`;
    default:
      return `error: ${metric.errorText}`;
  }
}
