/** A cluster of real freno processes over simulated MySQL servers, for black-box tests. */

import { Fleet } from '../../src/demo/fleet.js';
import { createNodes, FrenoNode } from '../../src/demo/freno-node.js';
import type { ProcessFlags } from '../../src/demo/freno-process.js';
import { TemporaryDirectory } from '../../src/demo/temporary.js';
import { fetchOnce } from './http-client.js';
import { until } from './until.js';

export const STORE = 'main';
/** The value of the simulated servers: below the threshold. */
export const VALUE = 0.25;

export interface TestClusterOptions {
  /** Threshold of the store on each node, so that a response identifies it; by default 1. */
  readonly thresholds?: readonly number[];
  /** Further clusters, as the configuration file has them. */
  readonly clusters?: Readonly<Record<string, object>>;
  readonly flags?: ProcessFlags;
}

/** The keys that each test's nodes share: one store on one host. */
export function storesOf(
  hosts: readonly string[],
  threshold = 1,
  furtherClusters: Readonly<Record<string, object>> = {},
): Readonly<Record<string, unknown>> {
  return {
    MySQL: {
      User: 'freno',
      Password: 'freno',
      MetricQuery: 'select lag from meta.heartbeat',
      ThrottleThreshold: threshold,
      Clusters: { [STORE]: { StaticHostsSettings: { Hosts: hosts } }, ...furtherClusters },
    },
  };
}

export class TestCluster {
  private constructor(
    readonly nodes: readonly FrenoNode[],
    readonly fleet: Fleet,
    private readonly directory: TemporaryDirectory,
  ) {}

  /**
   * Resolves when one of the nodes responds 200 to `/leader-check`. `besides`: further keys of the
   * configuration.
   */
  static async start(
    count: number,
    besides: Readonly<Record<string, unknown>> = {},
    { thresholds = [], clusters, flags }: TestClusterOptions = {},
  ): Promise<TestCluster> {
    const directory = new TemporaryDirectory();
    const fleet = await Fleet.start([{ value: VALUE }]);
    const places = await createNodes(count, directory.path, besides);
    const nodes = places.map(({ configuration }, index) => {
      const Stores = storesOf(fleet.hosts, thresholds[index], clusters);
      return new FrenoNode({ Stores, ...configuration }, directory.path, flags);
    });
    const cluster = new TestCluster(nodes, fleet, directory);
    for (const node of nodes) node.start();
    try {
      await cluster.leader();
    } catch (thrown) {
      await cluster.stop();
      throw thrown;
    }
    return cluster;
  }

  /** The node that responds 200 to `/leader-check`, once there is one. */
  async leader(among: readonly FrenoNode[] = this.nodes): Promise<FrenoNode> {
    return until(
      async () => {
        for (const node of among) {
          if (node.running && (await node.process.status('/leader-check')) === 200) return node;
        }
        return undefined;
      },
      undefined,
      () => `a leader\n${this.log()}`,
    );
  }

  /** All nodes but that one. */
  others(than: FrenoNode): FrenoNode[] {
    return this.nodes.filter((node) => node !== than);
  }

  /** Starts a node again and waits until it serves. */
  async restart(node: FrenoNode): Promise<void> {
    await node.start().waitFor('/lb-check', 200);
  }

  /** Resolves when the node knows the leader. */
  async joined(node: FrenoNode): Promise<void> {
    await node.process.waitFor('/raft/leader', 200);
  }

  /**
   * Brings back every node that ended or was paused, the measured value, and a leader that all
   * know.
   */
  async heal(): Promise<void> {
    for (const node of this.nodes) {
      if (node.running) node.process.signal('SIGCONT');
      else await this.restart(node);
    }
    await this.fleet.change([{ server: 0, value: VALUE }]);
    await this.leader();
    await Promise.all(this.nodes.map((node) => this.joined(node)));
  }

  log(): string {
    return this.nodes
      .map((node) => `${node.port}:\n${node.running ? node.process.log : ''}`)
      .join('\n');
  }

  async stop(): Promise<void> {
    for (const node of this.nodes) if (node.running) node.process.signal('SIGCONT');
    await Promise.all(this.nodes.map((node) => node.stop()));
    await this.fleet.stop();
    this.directory.remove();
  }
}

/** Status of a GET; rejects without a response. */
export async function statusOf({ port }: { readonly port: number }, path: string): Promise<number> {
  return (await fetchOnce(port, path)).status;
}

/** Keys of `/throttled-apps` of a node. */
export async function throttledApps(node: FrenoNode): Promise<string[]> {
  return Object.keys(JSON.parse((await fetchOnce(node.port, '/throttled-apps')).body) as object);
}
