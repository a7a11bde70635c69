/** Settings of clusters for tests, and what follows from them. */
import { type StoreTurn, StoreTurns } from '../../src/board/store-turns.js';
import type { StoreLocation } from '../../src/contracts/http.js';
import type {
  ClusterAssignment,
  ClusterSettings,
  HostSource,
  MetricSettings,
  ProbeTarget,
} from '../../src/contracts/stores.js';

/** What a metric has else than by default; `metricQuery`: what it measures. */
export type MetricChanges = Partial<MetricSettings> & { readonly metricQuery?: string };

/** A metric with those hosts; everything else at its default. */
export function metricSettings(
  hosts: HostSource,
  { metricQuery = 'select 1', ...changes }: MetricChanges = {},
): MetricSettings {
  return {
    name: 'lag',
    mode: 'enforce',
    measured: { kind: 'query', query: metricQuery },
    threshold: 1,
    cacheMs: 0,
    hosts,
    port: 3306,
    user: 'freno',
    password: 'freno',
    passwordFile: '',
    serverPublicKeyFile: '',
    collation: '',
    tls: null,
    connectionMaxAgeMs: 60_000,
    ignoreDialTcpErrors: false,
    ignoreHostsCount: 0,
    ignoreHostsPercent: 0,
    ignoreHostsThreshold: 0,
    catchUp: null,
    httpCheckPort: 0,
    httpCheckPath: '',
    httpCheckTls: null,
    ignoreHosts: [],
    ...changes,
  };
}

/** A cluster with those hosts and one metric. */
export function clusterSettings(
  name: string,
  hosts: HostSource,
  changes: MetricChanges = {},
): ClusterSettings {
  return { name, metrics: [metricSettings(hosts, changes)] };
}

/** The assignment of a cluster with one metric, in that slot. */
export function clusterAssignment(
  slot: number,
  targets: readonly ProbeTarget[],
  generation: number,
  changes: MetricChanges = {},
): ClusterAssignment {
  const { hosts: _, ...settings } = metricSettings({ kind: 'none' }, changes);
  const plain = targets.map(({ host, port }) => ({ host, port }));
  return {
    name: `c${slot}`,
    metrics: [
      { settings, isOwn: true, slot, generation, targets: plain, leftOut: '', isListed: true },
    ],
  };
}

/** Turns of a store that nothing watches. */
export function storeTurn(): StoreTurn {
  return new StoreTurns(StoreTurns.memory(1), 0).of(0);
}

/** A store with one metric. */
export function storeLocation(name: string, slot: number): StoreLocation {
  return { name, slot, metrics: [{ name: 'lag', slot, mode: 'enforce' }] };
}
