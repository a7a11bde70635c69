/**
 * Metrics of the process and its threads. The names that begin with `process_` are those of
 * Prometheus' client libraries.
 */
import { version } from '../../../base/version.js';
import type { ConnectionReport } from '../../../contracts/reports.js';
import type { Vitals } from '../diagnostics-hub.js';
import { counter, type Family, gauge } from './prometheus-text.js';

const MICROSECONDS = 1e6;

export function processFamilies(engine: string): Family[] {
  const { user, system } = process.cpuUsage();
  const startedAtSeconds = Date.now() / 1000 - process.uptime();
  return [
    gauge('freno_build_info', 'Always 1; the labels tell the version and what it runs on.').add(
      { version: version(), node: process.versions.node, engine },
      1,
    ),
    counter('process_cpu_seconds_total', 'CPU time of the process, user and system.').add(
      {},
      (user + system) / MICROSECONDS,
    ),
    gauge('process_resident_memory_bytes', 'Resident memory of the process.').add(
      {},
      process.memoryUsage.rss(),
    ),
    gauge('process_start_time_seconds', 'Unix time at which the process started.').add(
      {},
      startedAtSeconds,
    ),
  ];
}

export function connectionFamilies(connections: ConnectionReport): Family[] {
  const { open, max, refused, descriptorsOpen, descriptorsMax } = connections;
  return [
    known(
      gauge('process_open_fds', 'File descriptors that the process has open.'),
      descriptorsOpen,
    ),
    known(
      gauge('process_max_fds', 'File descriptors that the process may have open.'),
      descriptorsMax,
    ),
    gauge('freno_http_connections', 'Connections of HTTP clients.').add({}, open),
    known(
      gauge(
        'freno_http_connections_max',
        'Connections of HTTP clients that leave descriptors to probes, peers and files.',
      ),
      max,
    ),
    counter(
      'freno_http_connections_refused_total',
      'Connections of HTTP clients that were closed for want of a place.',
    ).add({}, refused),
    counter(
      'freno_http_connections_pipelined_total',
      'Connections of HTTP clients that were closed for too many requests at once.',
    ).add({}, connections.closedForPipelining),
    counter(
      'freno_http_requests_refused_total',
      'Requests of HTTP clients that got 503 because too many others waited.',
    ).add({}, connections.requestsRefused),
  ];
}

function known(family: Family, value: number | null): Family {
  return value === null ? family : family.add({}, value);
}

export function threadFamilies(vitals: Vitals): Family[] {
  const mean = gauge(
    'freno_event_loop_delay_mean_seconds',
    'How late the event loop of the thread was on average, over the last 10 to 20 seconds.',
  );
  const p99 = gauge(
    'freno_event_loop_delay_p99_seconds',
    'How late the event loop of the thread was at the 99th percentile, ' +
      'over the last 10 to 20 seconds.',
  );
  const max = gauge(
    'freno_event_loop_delay_max_seconds',
    'How late the event loop of the thread was at most, over the last 10 to 20 seconds.',
  );
  const active = counter(
    'freno_event_loop_active_seconds_total',
    'Time in which the event loop of the thread was not idle.',
  );
  const used = gauge('freno_heap_used_bytes', 'Heap of the thread in use.');
  const size = gauge('freno_heap_size_bytes', 'Heap of the thread.');
  const external = gauge(
    'freno_external_memory_bytes',
    'Memory outside of the heap that objects of the thread hold.',
  );
  for (const [thread, now] of vitals) {
    mean.add({ thread }, now.loopDelayMeanSeconds);
    p99.add({ thread }, now.loopDelayP99Seconds);
    max.add({ thread }, now.loopDelayMaxSeconds);
    active.add({ thread }, now.loopActiveSeconds);
    used.add({ thread }, now.heapUsedBytes);
    size.add({ thread }, now.heapSizeBytes);
    external.add({ thread }, now.externalBytes);
  }
  return [mean, p99, max, active, used, size, external];
}
