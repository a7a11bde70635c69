/** Metrics of each store, from the board, the inventory and the probe threads. */
import { monotonicMs } from '../../../base/clock.js';
import { TimeSlice } from '../../../base/time-slice.js';
import {
  type Board,
  emptyLeadershipReading,
  emptyStoreReading,
  type StoreReading,
} from '../../../board/board.js';
import type { StoreLocation } from '../../../contracts/http.js';
import { locatedMetrics } from '../../../contracts/metric-paths.js';
import type { ProbeStatistics } from '../../../contracts/probe.js';
import type { InventoryReporter } from '../../../contracts/reports.js';
import { lastHealthyAtMs } from '../../../throttle/health.js';
import { mayAct } from '../../../throttle/leadership-view.js';
import { isCurrent, MetricState, thresholdInForce } from '../../../throttle/metric.js';
import { probesByStore } from './probes.js';
import { addStates, type Family, gauge } from './prometheus-text.js';

const STATE_NAMES = new Map<MetricState, string>([
  [MetricState.nothing, 'nothing'],
  [MetricState.ok, 'ok'],
  [MetricState.notCollected, 'not_collected'],
  [MetricState.noHosts, 'no_hosts'],
  [MetricState.error, 'error'],
]);

/** Values and states. A node that may not act as leader reports no values. */
export async function boardFamilies(
  board: Board,
  stores: readonly StoreLocation[],
): Promise<Family[]> {
  const value = gauge(
    'freno_store_value',
    'Value of the store: the highest of its hosts that counts.',
  );
  const threshold = gauge('freno_store_threshold', 'Above this value of the store, writes wait.');
  const state = gauge(
    'freno_store_state',
    'Whether the store is in that state; nothing: not measured, or this node is not the leader.',
  );
  const staleness = gauge(
    'freno_store_staleness_seconds',
    'Age of the oldest reading that counts in the value of the store.',
  );
  const unhealthy = gauge(
    'freno_store_unhealthy_seconds',
    'Time since the value of the store was last at or below its threshold.',
  );
  const nowMs = monotonicMs();
  const leadership = board.readLeadership(emptyLeadershipReading());
  const acts = mayAct(leadership, nowMs);
  const nowUnixMs = board.expiryTimeMs();
  const metric: StoreReading = emptyStoreReading();
  const states = [...STATE_NAMES.values()];
  const slice = new TimeSlice();
  for (const { store, name, slot, isOwn } of locatedMetrics(stores)) {
    // Series of the own metric are what they are in a store that has no other.
    const labels = isOwn ? { store } : { store, metric: name };
    board.readStore(slot, metric);
    const isKnown = isCurrent(metric, leadership, nowMs);
    const current = isKnown ? metric.state : MetricState.nothing;
    threshold.add(labels, thresholdInForce(metric, nowUnixMs));
    addStates(state, labels, 'state', states, STATE_NAMES.get(current)!);
    if (acts) unhealthy.add(labels, sinceSeconds(lastHealthyAtMs(metric, leadership), nowMs));
    if (isKnown) staleness.add(labels, sinceSeconds(metric.readAtMs, nowMs));
    if (current === MetricState.ok) value.add(labels, metric.value);
    if (slice.shouldYield) await slice.yield();
  }
  return [value, threshold, state, staleness, unhealthy];
}

/** Hosts of each store, and its list of them. */
export async function hostFamilies(
  inventory: Pick<InventoryReporter, 'reportOf'>,
  stores: readonly StoreLocation[],
  statistics: readonly ProbeStatistics[],
): Promise<Family[]> {
  const hosts = gauge(
    'freno_store_hosts',
    'Hosts of the store: probed (among them failing, left out by their HTTP check, catching up, ' +
      'and with a negative value), and listed but ignored or skipped.',
  );
  const age = gauge(
    'freno_store_inventory_age_seconds',
    'Time since the list of hosts was last read from its source.',
  );
  const failing = gauge(
    'freno_store_inventory_failing',
    'Whether the latest reading of the list of hosts failed.',
  );
  const oddRows = gauge(
    'freno_store_inventory_odd_rows',
    'Rows of the list of hosts that are incomplete or have an unknown state.',
  );
  const nowUnixMs = Date.now();
  const slice = new TimeSlice();
  for (const { name: store } of stores) {
    const report = inventory.reportOf(store);
    if (report === undefined) continue;
    hosts.add({ store, state: 'probed' }, report.hosts.length);
    hosts.add({ store, state: 'ignored' }, report.ignored.length);
    hosts.add({ store, state: 'skipped' }, report.skipped.length);
    failing.add({ store }, report.error === '' ? 0 : 1);
    oddRows.add({ store }, report.oddRows.length);
    if (report.readAtUnixMs !== null)
      age.add({ store }, sinceSeconds(report.readAtUnixMs, nowUnixMs));
    if (slice.isOver) await slice.yield();
  }
  for (const { store, metrics } of await probesByStore(statistics)) {
    for (const { metric, isOwn, ...counted } of metrics) {
      const labels = isOwn ? { store } : { store, metric };
      hosts.add({ ...labels, state: 'failing' }, counted.failingHosts);
      hosts.add({ ...labels, state: 'left_out' }, counted.leftOutHosts);
      hosts.add({ ...labels, state: 'catching_up' }, counted.catchingUpHosts);
      hosts.add({ ...labels, state: 'negative' }, counted.negativeHosts);
    }
    if (slice.shouldYield) await slice.yield();
  }
  return [hosts, age, failing, oddRows];
}

function sinceSeconds(atMs: number, nowMs: number): number {
  return Math.max(0, nowMs - atMs) / 1000;
}
