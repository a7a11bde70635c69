/** Counters and latencies of probes for `/debug/vars`, merged over the probe workers. */
import { createHistogram } from 'node:perf_hooks';
import type { ProbeStatistics } from '../../../contracts/probe.js';
import type { Rates } from './moving-averages.js';

const PERCENTILES = { 50: 50, 75: 75, 95: 95, 99: 99, 999: 99.9 } as const;

/** The number of all probes. */
export function probeCount(statistics: readonly ProbeStatistics[]): number {
  return statistics.reduce((sum, { total }) => sum + total, 0);
}

/** `uptimeSeconds`: for the mean rate. Latencies in nanoseconds. */
export function probeVars(
  statistics: readonly ProbeStatistics[],
  rates: Rates,
  uptimeSeconds: number,
): Map<string, number> {
  const total = probeCount(statistics);
  const vars = new Map<string, number>([
    ['probes.total', total],
    ['probes.error', statistics.reduce((sum, { error }) => sum + error, 0)],
    // Not in the original: phases skipped because the thread was late.
    ['probes.missed', statistics.reduce((sum, { missedPhases }) => sum + missedPhases, 0)],
    ['probes.latency.mean-rate', uptimeSeconds > 0 ? total / uptimeSeconds : 0],
    ['probes.latency.one-minute', rates.oneMinute],
    ['probes.latency.five-minute', rates.fiveMinute],
    ['probes.latency.fifteen-minute', rates.fifteenMinute],
  ]);
  addLatencies(vars, statistics);
  addHttpChecks(vars, statistics);
  return vars;
}

function addLatencies(vars: Map<string, number>, statistics: readonly ProbeStatistics[]): void {
  const merged = createHistogram();
  for (const { latency } of statistics) if (latency.count > 0) merged.add(latency);
  const isEmpty = merged.count === 0;
  vars.set('probes.latency.count', merged.count);
  vars.set('probes.latency.min', isEmpty ? 0 : merged.min);
  vars.set('probes.latency.max', isEmpty ? 0 : merged.max);
  vars.set('probes.latency.mean', isEmpty ? 0 : merged.mean);
  vars.set('probes.latency.std-dev', isEmpty ? 0 : merged.stddev);
  for (const [name, percentile] of Object.entries(PERCENTILES)) {
    vars.set(`probes.latency.${name}-percentile`, isEmpty ? 0 : merged.percentile(percentile));
  }
}

function addHttpChecks(vars: Map<string, number>, statistics: readonly ProbeStatistics[]): void {
  const add = (name: string, count: number): void => {
    if (count > 0) vars.set(`httpcheck.${name}`, (vars.get(`httpcheck.${name}`) ?? 0) + count);
  };
  for (const { httpChecks, httpChecksSkipped, httpChecksFailed } of statistics) {
    for (const [status, count] of Object.entries(httpChecks)) add(status, count);
    add('skip', httpChecksSkipped);
    add('error', httpChecksFailed);
  }
}
