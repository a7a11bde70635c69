/** Metrics of probes, HTTP checks of hosts and writes to memcached, from the probe threads. */
import { TimeSlice } from '../../../base/time-slice.js';
import type {
  MetricProbeStatistics,
  ProbeStatistics,
  StoreProbeStatistics,
} from '../../../contracts/probe.js';
import { counter, type Family, gauge, histogram, summary } from './prometheus-text.js';

/**
 * Of each store once: while it moves from one thread to another, both may have counted for it.
 */
export async function probesByStore(
  statistics: readonly ProbeStatistics[],
): Promise<StoreProbeStatistics[]> {
  const slice = new TimeSlice();
  const merged = new Map<string, StoreProbeStatistics>();
  for (const { stores } of statistics) {
    for (const counted of stores) {
      const known = merged.get(counted.store);
      merged.set(counted.store, known === undefined ? counted : sumOf(known, counted));
      if (slice.shouldYield) await slice.yield();
    }
  }
  return [...merged.values()];
}

function sumOf(left: StoreProbeStatistics, right: StoreProbeStatistics): StoreProbeStatistics {
  const metrics = new Map(left.metrics.map((counted) => [counted.metric, counted]));
  for (const counted of right.metrics) {
    const known = metrics.get(counted.metric);
    metrics.set(counted.metric, known === undefined ? counted : sumOfMetric(known, counted));
  }
  return {
    store: left.store,
    total: left.total + right.total,
    error: left.error + right.error,
    seconds: left.seconds + right.seconds,
    metrics: [...metrics.values()],
  };
}

function sumOfMetric(
  left: MetricProbeStatistics,
  right: MetricProbeStatistics,
): MetricProbeStatistics {
  return {
    ...left,
    total: left.total + right.total,
    error: left.error + right.error,
    seconds: left.seconds + right.seconds,
    failingHosts: left.failingHosts + right.failingHosts,
    leftOutHosts: left.leftOutHosts + right.leftOutHosts,
    catchingUpHosts: left.catchingUpHosts + right.catchingUpHosts,
    negativeHosts: left.negativeHosts + right.negativeHosts,
  };
}

export async function probeFamilies(
  statistics: readonly ProbeStatistics[],
  withheldStores: number,
): Promise<Family[]> {
  const withheld = gauge(
    'freno_withheld_stores',
    'Stores that are not probed for a while, because their probe thread died in their turn.',
  ).add({}, withheldStores);
  const probes = counter('freno_probes_total', 'Probes of hosts that are over, by store.');
  const errors = counter('freno_probe_errors_total', 'Probes of hosts that failed, by store.');
  const byStore = summary(
    'freno_store_probe_duration_seconds',
    'Time that probes took, by store: its sum and their number.',
  );
  const durations = histogram(
    'freno_probe_duration_seconds',
    'Time that probes took, from the query, or the connecting, to the answer or the failure.',
  );
  const missed = counter(
    'freno_probe_missed_phases_total',
    'Phases of the probe interval left out because the thread was late.',
  );
  const httpChecks = counter(
    'freno_host_http_checks_total',
    'HTTP checks of hosts, by status of the answer; failed: no answer; ' +
      'skipped: no check is configured.',
  );
  const memcache = counter(
    'freno_memcache_writes_total',
    'Writes to memcached: written, deleted, failed (sent, but not acknowledged in time) ' +
      'or dropped (not sent).',
  );
  for (const counted of statistics) {
    const thread = `probe-${counted.worker}`;
    durations.addHistogram({ thread }, counted.durations);
    missed.add({ thread }, counted.missedPhases);
    for (const [status, count] of Object.entries(counted.httpChecks)) {
      httpChecks.add({ result: status, thread }, count);
    }
    httpChecks.add({ result: 'failed', thread }, counted.httpChecksFailed);
    httpChecks.add({ result: 'skipped', thread }, counted.httpChecksSkipped);
    for (const [result, count] of Object.entries(counted.published)) {
      memcache.add({ result, thread }, count);
    }
  }
  const slice = new TimeSlice();
  for (const { store, total, error, seconds } of await probesByStore(statistics)) {
    const labels = { store };
    probes.addShared(labels, total);
    errors.addShared(labels, error);
    byStore.addSummary(labels, seconds, total);
    if (slice.shouldYield) await slice.yield();
  }
  return [withheld, probes, errors, byStore, durations, missed, httpChecks, memcache];
}
