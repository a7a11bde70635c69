/** Three real nodes with stores that are fine, above and in error, for the tests of the page. */
import { Fleet } from '../../src/demo/fleet.js';
import { createNodes, FrenoNode } from '../../src/demo/freno-node.js';
import { freePorts, TemporaryDirectory } from '../../src/demo/temporary.js';
import { until } from './until.js';

export interface PageClusterOptions {
  readonly nodes: number;
  /** Each `main1`, `main2`, …; `main3` has six hosts more. */
  readonly stores: number;
  /** Of `main3`. */
  readonly hosts: number;
  /** Each store has a host of its own instead, in their order, and `main3` the last one too. */
  readonly isEachOwn?: boolean;
  /** For how long values are reused, milliseconds. */
  readonly cacheMillis?: number;
  /** Further keys of the configuration. */
  readonly besides?: Readonly<Record<string, unknown>>;
}

/** The lag of the worst host of `main3`, seconds. */
const LAG = 8.2;

export class PageCluster {
  private constructor(
    readonly nodes: readonly FrenoNode[],
    readonly fleet: Fleet,
    private readonly directory: TemporaryDirectory,
  ) {}

  /** Resolves when a node leads and `main3` is above its threshold. */
  static async start(options: PageClusterOptions): Promise<PageCluster> {
    const { nodes: count, stores, hosts, cacheMillis = 0, besides = {} } = options;
    const { isEachOwn = false } = options;
    const directory = new TemporaryDirectory();
    const servers = isEachOwn ? stores : hosts + 1;
    // The last server is that of the store which is above.
    const values = Array.from({ length: servers }, (_, at) => ({ value: 0.02 + at / 1e4 }));
    const fleet = await Fleet.start([...values, { value: LAG }]);
    const [first, ...others] = fleet.hosts;
    const clusters = Array.from({ length: stores }, (_, index) => {
      const own = [fleet.hosts[index], ...(index === 2 ? [fleet.hosts.at(-1)] : [])];
      const shared = index === 2 ? others : [first];
      const Hosts = isEachOwn ? own : shared;
      return [`main${index + 1}`, { StaticHostsSettings: { Hosts } }];
    });
    // Nothing listens there.
    const [closed] = await freePorts(1);
    const audit = { StaticHostsSettings: { Hosts: [`127.0.0.1:${closed}`] } };
    const Stores = {
      MySQL: {
        ...{ User: 'freno', Password: 'freno', ThrottleThreshold: 1 },
        CacheMillis: cacheMillis,
        MetricQuery: 'select lag from meta.heartbeat',
        Clusters: { ...Object.fromEntries(clusters), audit },
      },
    };
    const places = await createNodes(count, directory.path, besides);
    const nodes = places.map(
      ({ configuration }) => new FrenoNode({ Stores, ...configuration }, directory.path),
    );
    const cluster = new PageCluster(nodes, fleet, directory);
    for (const node of nodes) node.start();
    try {
      const leader = await cluster.leader();
      await until(
        async () => (await leader.process.status('/check/nightly-archive/mysql/main3')) === 429,
      );
    } catch (thrown) {
      await cluster.stop();
      throw thrown;
    }
    return cluster;
  }

  leader(): Promise<FrenoNode> {
    return until(async () => {
      for (const node of this.nodes) {
        if (node.running && (await node.process.status('/leader-check')) === 200) return node;
      }
      return undefined;
    });
  }

  /** The host that decides about `main3`. */
  get worstHost(): string {
    return this.fleet.hosts.at(-1)!;
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
    await this.fleet.stop();
    this.directory.remove();
  }
}
