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
import { addStates, type Family, gauge, stateLabels } from './prometheus-text.js';

const STATE_NAMES = new Map<MetricState, string>([
  [MetricState.nothing, 'nothing'],
  [MetricState.ok, 'ok'],
  [MetricState.notCollected, 'not_collected'],
  [MetricState.noHosts, 'no_hosts'],
  [MetricState.error, 'error'],
]);

const STATES = stateLabels('state', STATE_NAMES.values());

/** Labels of the hosts in a state. */
const HOSTS = {
  probed: { state: 'probed' },
  ignored: { state: 'ignored' },
  skipped: { state: 'skipped' },
  failing: { state: 'failing' },
  left_out: { state: 'left_out' },
  catching_up: { state: 'catching_up' },
  negative: { state: 'negative' },
} as const;

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
  const slice = new TimeSlice();
  for (const { store, name, slot, isOwn } of locatedMetrics(stores)) {
    // Series of the own metric are what they are in a store that has no other.
    const labels = isOwn ? { store } : { store, metric: name };
    board.readStore(slot, metric);
    const isKnown = isCurrent(metric, leadership, nowMs);
    const current = isKnown ? metric.state : MetricState.nothing;
    threshold.addShared(labels, thresholdInForce(metric, nowUnixMs));
    addStates(state, labels, STATES, STATE_NAMES.get(current)!);
    if (acts) unhealthy.addShared(labels, sinceSeconds(lastHealthyAtMs(metric, leadership), nowMs));
    if (isKnown) staleness.addShared(labels, sinceSeconds(metric.readAtMs, nowMs));
    if (current === MetricState.ok) value.addShared(labels, metric.value);
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
    const labels = { store };
    hosts.addShared(labels, report.hosts.length, HOSTS.probed);
    hosts.addShared(labels, report.ignored.length, HOSTS.ignored);
    hosts.addShared(labels, report.skipped.length, HOSTS.skipped);
    failing.addShared(labels, report.error === '' ? 0 : 1);
    oddRows.addShared(labels, report.oddRows.length);
    if (report.readAtUnixMs !== null)
      age.addShared(labels, sinceSeconds(report.readAtUnixMs, nowUnixMs));
    if (slice.isOver) await slice.yield();
  }
  for (const { store, metrics } of await probesByStore(statistics)) {
    for (const { metric, isOwn, ...counted } of metrics) {
      const labels = isOwn ? { store } : { store, metric };
      hosts.addShared(labels, counted.failingHosts, HOSTS.failing);
      hosts.addShared(labels, counted.leftOutHosts, HOSTS.left_out);
      hosts.addShared(labels, counted.catchingUpHosts, HOSTS.catching_up);
      hosts.addShared(labels, counted.negativeHosts, HOSTS.negative);
    }
    if (slice.shouldYield) await slice.yield();
  }
  return [hosts, age, failing, oddRows];
}

function sinceSeconds(atMs: number, nowMs: number): number {
  return Math.max(0, nowMs - atMs) / 1000;
}
