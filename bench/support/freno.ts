/** Frenos to measure: one node over simulated servers, with what the benchmark needs to change. */
import { Fleet } from '../../src/demo/fleet.js';
import { createNodes, type FrenoNode } from '../../src/demo/freno-node.js';
import { TemporaryDirectory } from '../../src/demo/temporary.js';
import type { BenchmarkContext } from './benchmark.js';

export const THRESHOLD = 1;
export const GOOD_VALUE = 0.25;
export const BAD_VALUE = 2;
export const METRIC_QUERY =
  'select unix_timestamp(now(6)) - unix_timestamp(ts) from meta.heartbeat';

export const START_TIMEOUT_MS = 20_000;

export interface NodeSettings {
  /** Hosts of each cluster, by its name. */
  readonly clusters: Readonly<Record<string, readonly string[]>>;
  readonly engine?: 'uws' | 'node';
  readonly httpWorkers?: number;
  readonly probeWorkers?: number;
  /** Further keys of `Stores.MySQL`. */
  readonly mysql?: Readonly<Record<string, unknown>>;
  /** Further clusters, as the configuration file has them. */
  readonly furtherClusters?: Readonly<Record<string, object>>;
  /** Further keys of the configuration. */
  readonly besides?: Readonly<Record<string, unknown>>;
}

/** Starts simulated servers that answer below the threshold. */
export async function ownFleet(context: BenchmarkContext, servers: number): Promise<Fleet> {
  return context.own(
    await Fleet.start(Array.from({ length: servers }, () => ({ value: GOOD_VALUE }))),
  );
}

/** A directory that goes at the end of the benchmark. */
function ownDirectory(context: BenchmarkContext): TemporaryDirectory {
  const directory = new TemporaryDirectory();
  context.own({ stop: async () => directory.remove() });
  return directory;
}

/**
 * Nodes that are to run over those clusters, of one Raft cluster when there are several; none is
 * started.
 */
export async function ownNodes(
  context: BenchmarkContext,
  count: number,
  settings: NodeSettings,
): Promise<FrenoNode[]> {
  const nodes = await createNodes(count, ownDirectory(context).path, configurationOf(settings));
  for (const node of nodes) context.own(node);
  return nodes;
}

/** Starts a node alone and waits until it answers checks of its first cluster with 200. */
export async function ownFreno(
  context: BenchmarkContext,
  settings: NodeSettings,
): Promise<FrenoNode> {
  const [node] = await ownNodes(context, 1, settings);
  const [cluster] = Object.keys(settings.clusters);
  await node!.start().waitFor(checkPath(cluster ?? 'none'), 200, START_TIMEOUT_MS);
  return node!;
}

function configurationOf(settings: NodeSettings): Readonly<Record<string, unknown>> {
  return {
    HttpEngine: settings.engine ?? 'uws',
    HttpWorkers: settings.httpWorkers ?? 1,
    ProbeWorkers: settings.probeWorkers ?? 1,
    Stores: {
      MySQL: {
        User: 'freno',
        Password: 'freno',
        MetricQuery: METRIC_QUERY,
        ThrottleThreshold: THRESHOLD,
        ...settings.mysql,
        Clusters: {
          ...Object.fromEntries(
            Object.entries(settings.clusters).map(([name, hosts]) => [
              name,
              { StaticHostsSettings: { Hosts: hosts } },
            ]),
          ),
          ...settings.furtherClusters,
        },
      },
    },
    ...settings.besides,
  };
}

export function checkPath(cluster: string, app = 'bench'): string {
  return `/check/${app}/mysql/${cluster}`;
}

/** Deals hosts into clusters of at most `size`, named `c0`, `c1` and so on. */
export function clustersOf(hosts: readonly string[], size: number): Record<string, string[]> {
  const clusters: Record<string, string[]> = {};
  hosts.forEach((host, index) => {
    const name = `c${Math.floor(index / size)}`;
    clusters[name] ??= [];
    clusters[name].push(host);
  });
  return clusters;
}
