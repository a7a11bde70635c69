/** Metrics of probes, HTTP checks of hosts and writes to memcached, from the probe threads. */
import type { ProbeStatistics } from '../../../contracts/probe.js';
import { counter, type Family, histogram, summary } from './prometheus-text.js';

export function probeFamilies(statistics: readonly ProbeStatistics[]): Family[] {
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
    for (const { store, total, error, seconds } of counted.stores) {
      probes.add({ store }, total);
      errors.add({ store }, error);
      byStore.addSummary({ store }, seconds, total);
    }
    for (const [status, count] of Object.entries(counted.httpChecks)) {
      httpChecks.add({ result: status, thread }, count);
    }
    httpChecks.add({ result: 'failed', thread }, counted.httpChecksFailed);
    httpChecks.add({ result: 'skipped', thread }, counted.httpChecksSkipped);
    for (const [result, count] of Object.entries(counted.published)) {
      memcache.add({ result, thread }, count);
    }
  }
  return [probes, errors, byStore, durations, missed, httpChecks, memcache];
}
