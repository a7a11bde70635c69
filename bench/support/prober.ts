/**
 * The work of a prober in a window of time: the share of its probes that it makes, and their cost.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Fleet } from '../../src/demo/fleet.js';
import { until } from '../../test/support/until.js';
import { cpuMicros } from './processes.js';

export const PROBE_INTERVAL_MS = 50;

const CONNECTED_TIMEOUT_MS = 30_000;

export interface Observation {
  /** Probes made, as the servers counted them, as a share of those that were due. */
  readonly kept: number;
  readonly cpuMicrosPerProbe: number;
  /** Cores that the prober took. */
  readonly cpuShare: number;
  /** Cores that the simulated servers took. */
  readonly serversShare: number;
}

/** Resolves when the servers have so many connections, and some time after. */
export async function allConnected(fleet: Fleet, hosts: number): Promise<void> {
  await until(
    async () => (await fleet.statistics()).connections >= hosts,
    CONNECTED_TIMEOUT_MS,
    () => `connections of all ${hosts} hosts`,
  );
  await delay(500);
}

/** Lets a prober work and counts what it did. */
export async function observe(
  fleet: Fleet,
  hosts: number,
  pid: number,
  windowMs: number,
): Promise<Observation> {
  const cpuBefore = cpuMicros(pid);
  const before = await fleet.statistics();
  const startedMs = performance.now();
  await delay(windowMs);
  const after = await fleet.statistics();
  const tookMs = performance.now() - startedMs;
  const cpu = cpuMicros(pid) - cpuBefore;
  const made = after.queries - before.queries;
  return {
    kept: made / ((hosts * tookMs) / PROBE_INTERVAL_MS),
    cpuMicrosPerProbe: cpu / made,
    cpuShare: cpu / 1000 / tookMs,
    serversShare: (after.cpuMicros - before.cpuMicros) / 1000 / tookMs,
  };
}
