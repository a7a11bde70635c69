/**
 * Bodies that list all stores or all entries, from the board and this thread's copy of the state.
 * They are written in time slices, so that a long list does not delay the checks.
 */
import { monotonicMs, monotonicToUnixMs } from '../../base/clock.js';
import { goFixed, goTime, jsonString } from '../../base/json.js';
import { jsonObjectInChunks, TimeSlice } from '../../base/time-slice.js';
import { type Board, emptyLeadershipReading, emptyStoreReading } from '../../board/board.js';
import type { StoreLocation } from '../../contracts/http.js';
import { lastHealthyAtMs } from '../../throttle/health.js';
import { mayAct } from '../../throttle/leadership-view.js';
import { isCurrent, MetricState, noHostsMessage, type StoreMetric } from '../../throttle/metric.js';
import type { ThrottleState } from '../../throttle/state.js';

/** `/aggregated-metrics`: the current value of each store. `brief`: 3 decimals instead of 6. */
export function aggregatedMetrics(
  board: Board,
  stores: readonly StoreLocation[],
  brief: boolean,
): Promise<string> {
  const nowMs = monotonicMs();
  const leadership = board.readLeadership(emptyLeadershipReading());
  const metric = emptyStoreReading();
  const entries = new Map<string, string>();
  for (const { name, slot } of stores) {
    if (!isCurrent(board.readStore(slot, metric), leadership, nowMs)) continue;
    entries.set(`mysql/${name}`, jsonString(metricText(metric, brief ? 3 : 6)));
  }
  return jsonObjectInChunks(entries);
}

/** `/metrics-health`: every store, while this node acts as leader. */
export function metricsHealth(board: Board, stores: readonly StoreLocation[]): Promise<string> {
  const nowMs = monotonicMs();
  const leadership = board.readLeadership(emptyLeadershipReading());
  const metric = emptyStoreReading();
  const entries = new Map<string, string>();
  if (mayAct(leadership, nowMs)) {
    for (const { name, slot } of stores) {
      const healthyAtMs = lastHealthyAtMs(board.readStore(slot, metric), leadership);
      const seconds = Math.max(0, Math.floor((nowMs - healthyAtMs) / 1000));
      const at = goTime(Math.round(monotonicToUnixMs(healthyAtMs)));
      entries.set(
        `mysql/${name}`,
        `{"LastHealthyAt":"${at}","SecondsSinceLastHealthy":${seconds}}`,
      );
    }
  }
  return jsonObjectInChunks(entries);
}

/** `/throttled-apps` */
export async function throttledApps(state: ThrottleState, nowUnixMs: number): Promise<string> {
  const slice = new TimeSlice();
  const entries = new Map<string, string>();
  for (const [key] of state.image().throttledApps) {
    const entry = state.throttledApp(key, nowUnixMs);
    if (entry !== undefined) {
      entries.set(key, `{"ExpireAt":"${goTime(entry.expireAtMs)}","Ratio":${entry.ratio}}`);
    }
    if (slice.shouldYield) await slice.yield();
  }
  return jsonObjectInChunks(entries);
}

/** `/skipped-hosts` */
export async function skippedHosts(state: ThrottleState, nowUnixMs: number): Promise<string> {
  const slice = new TimeSlice();
  const entries = new Map<string, string>();
  for (const [host, { expireAtMs }] of state.image().skippedHosts) {
    if (expireAtMs > nowUnixMs) entries.set(host, `"${goTime(expireAtMs)}"`);
    if (slice.shouldYield) await slice.yield();
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
