/**
 * Benchmark: the cost of dead HAProxies, ProxySQLs, Vitess APIs and memcacheds: the same node with
 * and without them, side by side.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Fleet } from '../src/demo/fleet.js';
import type { FrenoNode } from '../src/demo/freno-node.js';
import type { Benchmark, BenchmarkContext } from './support/benchmark.js';
import { thereAndBack } from './support/changes.js';
import { HungServer, refusingAddress } from './support/dead-servers.js';
import { checkPath, clustersOf, ownFleet, ownFreno } from './support/freno.js';
import { LoadGenerator, type LoadResult } from './support/load.js';
import { ASK_INTERVAL_MS, Poller } from './support/poller.js';
import { cpuMicros } from './support/processes.js';
import type { Demand, ReportTable } from './support/report.js';
import { median, percentile } from './support/statistics.js';

const HOSTS = 20;
const CLUSTER_SIZE = 4;
/** Dead servers of each kind; as many clusters are to be found at each kind that lists hosts. */
const DEAD_EACH = 4;
const CONNECTIONS = [1, 64] as const;
/** By then every dead source has a request in flight, and none has timed out. */
const ASKED_MS = 1_000;

/** The same node with its dead servers of one kind of death, or none. */
interface Variant {
  readonly name: string;
  readonly node: FrenoNode;
  readonly loads: Map<number, LoadResult[]>;
  readonly timesMs: number[];
  cpuShare: number;
}

export const dead: Benchmark = {
  name: 'dead',
  title:
    'dead HAProxies, ProxySQLs, Vitess APIs and memcacheds beside good clusters: what they cost',
  async run(context) {
    const trials = context.quick ? 10 : 60;
    const fleet = await ownFleet(context, HOSTS);
    const hung = await ownHungServers(context);
    const variants = [
      await variant(context, fleet, 'none', {}),
      await variant(context, fleet, 'hung', deadKeys(hung.map(({ address }) => address))),
      await variant(context, fleet, 'refused', deadKeys(await refusingAddresses())),
    ];
    await delay(ASKED_MS);
    context.progress('dead: CPU');
    await measureCpu(variants, context.quick ? 3_000 : 10_000);
    await measureChecks(context, variants);
    await measureStaleness(context, fleet, variants, trials);
    expectTried(hung);
    return [
      {
        title: 'Dead sources and memcacheds beside good clusters',
        columns: COLUMNS,
        rows: variants.map((each) => rowOf(each, variants[0]!)),
        notes: [
          `Three nodes at once, each over the same ${HOSTS / CLUSTER_SIZE} good clusters ` +
            `of ${CLUSTER_SIZE} hosts. The second and the third have besides ${DEAD_EACH} ` +
            `HAProxies, ${DEAD_EACH} ProxySQLs and ${DEAD_EACH} Vitess APIs with a cluster ` +
            `each, and ${DEAD_EACH} memcacheds, all of them dead: hung ones accept ` +
            'connections and never answer.',
          `Checks of a good cluster, the nodes in turn. Staleness: ${2 * trials} changes ` +
            "of a good host's value, seen by three clients at once, each of which asks its " +
            `node every ${ASK_INTERVAL_MS} ms.`,
          'CPU of the whole process without clients. Ratios: to the node without dead ' +
            'servers, medians over the rounds; 1 is the same.',
        ],
        demands: variants.slice(1).flatMap((each) => demandsOf(each, variants[0]!)),
      },
    ];
  },
};

async function ownHungServers(context: BenchmarkContext): Promise<HungServer[]> {
  const servers: HungServer[] = [];
  for (let count = 0; count < 4 * DEAD_EACH; count++) {
    servers.push(context.own(await HungServer.listen()));
  }
  return servers;
}

/**
 * Sources are read each by its cluster; which memcached has a metric is a matter of its name, so
 * one of them is enough.
 */
function expectTried(hung: readonly HungServer[]): void {
  const memcachedsAt = 3 * DEAD_EACH;
  const sources = hung.slice(0, memcachedsAt).every(({ accepted }) => accepted > 0);
  const memcacheds = hung.slice(memcachedsAt).some(({ accepted }) => accepted > 0);
  if (!sources || !memcacheds) throw new Error('some hung servers were never connected to');
}

function refusingAddresses(): Promise<string[]> {
  return Promise.all(Array.from({ length: 4 * DEAD_EACH }, refusingAddress));
}

/**
 * Keys that name those addresses: a quarter as HAProxies, as ProxySQLs, as Vitess APIs, as
 * memcacheds each.
 */
function deadKeys(addresses: readonly string[]) {
  const quarter = (number: number): readonly string[] =>
    addresses.slice(number * DEAD_EACH, (number + 1) * DEAD_EACH);
  const clusters: Record<string, object> = {};
  for (const [at, address] of quarter(0).entries()) {
    clusters[`haproxy${at}`] = { HAProxySettings: { Addresses: address, PoolName: 'pool' } };
  }
  for (const [at, address] of quarter(1).entries()) {
    clusters[`proxysql${at}`] = {
      ProxySQLSettings: { Addresses: [address], User: 'stats', Password: 'stats', HostgroupID: 1 },
    };
  }
  for (const [at, address] of quarter(2).entries()) {
    clusters[`vitess${at}`] = {
      VitessSettings: { API: `http://${address}`, Keyspace: 'main', Shard: '0' },
    };
  }
  return { furtherClusters: clusters, besides: { MemcacheServers: quarter(3) } };
}

async function variant(
  context: BenchmarkContext,
  fleet: Fleet,
  name: string,
  keys: object,
): Promise<Variant> {
  const clusters = clustersOf(fleet.hosts, CLUSTER_SIZE);
  const node = await ownFreno(context, { clusters, ...keys });
  return { name, node, loads: new Map(), timesMs: [], cpuShare: 0 };
}

async function measureCpu(variants: readonly Variant[], windowMs: number): Promise<void> {
  const before = variants.map(({ node }) => cpuMicros(node.process.pid));
  await delay(windowMs);
  variants.forEach((each, index) => {
    each.cpuShare = (cpuMicros(each.node.process.pid) - before[index]!) / 1000 / windowMs;
  });
}

async function measureChecks(context: BenchmarkContext, variants: readonly Variant[]) {
  const generator = context.own(new LoadGenerator());
  // Which cores the two ends run on decides much of a round: many short rounds even that out.
  const rounds = context.quick ? 8 : 30;
  const durationMs = context.quick ? 100 : 300;
  for (const connections of CONNECTIONS) {
    context.progress(`dead: checks, ${connections} connections`);
    for (const { node } of variants) await loadOf(generator, node, connections, durationMs);
    for (let round = 0; round < rounds; round++) {
      // Another comes first in each round.
      for (let turn = 0; turn < variants.length; turn++) {
        const { node, loads } = variants[(round + turn) % variants.length]!;
        const load = await loadOf(generator, node, connections, durationMs);
        loads.set(connections, [...(loads.get(connections) ?? []), load]);
      }
    }
  }
}

async function loadOf(
  generator: LoadGenerator,
  node: FrenoNode,
  connections: number,
  durationMs: number,
): Promise<LoadResult> {
  const path = checkPath('c0');
  const load = await generator.run({
    port: node.port,
    method: 'GET',
    path,
    connections,
    durationMs,
  });
  if (load.failures > 0) throw new Error(`${load.failures} of ${load.requests} checks failed`);
  return load;
}

async function measureStaleness(
  context: BenchmarkContext,
  fleet: Fleet,
  variants: readonly Variant[],
  trials: number,
): Promise<void> {
  context.progress(`dead: staleness, ${2 * trials} changes`);
  const clients = await Promise.all(
    variants.map(({ node }) => Poller.connect(node.port, checkPath('c0'))),
  );
  for (const client of clients) context.own({ stop: async () => client.close() });
  for (let trial = 0; trial < trials; trial++) {
    const server = Math.floor(Math.random() * CLUSTER_SIZE);
    const times = await thereAndBack(fleet, server, clients);
    for (const [index, { timesMs }] of variants.entries()) timesMs.push(...times[index]!);
  }
}

function rowOf(each: Variant, without: Variant) {
  const of = (connections: number, pick: (load: LoadResult) => number): number =>
    median((each.loads.get(connections) ?? []).map(pick));
  return {
    name: each.name,
    p50: of(1, ({ p50Micros }) => p50Micros),
    p50Ratio: p50Ratio(each, without),
    p99: of(1, ({ p99Micros }) => p99Micros),
    perSecond: of(64, perSecondOf),
    perSecondRatio: roundRatio(each, without, 64, perSecondOf),
    p99Many: of(64, ({ p99Micros }) => p99Micros),
    stalenessP50: median(each.timesMs),
    stalenessP90: percentile(each.timesMs, 90),
    stalenessMax: Math.max(...each.timesMs),
    cores: each.cpuShare,
  };
}

function demandsOf(each: Variant, without: Variant): Demand[] {
  const demand = (what: string, measured: number): Demand => ({
    what: `${what} beside dead servers (${each.name}), to that without`,
    demanded: 'no difference: 1',
    measured,
    digits: 2,
  });
  return [
    demand('p50 of a check', p50Ratio(each, without)),
    demand('p50 of the staleness', median(each.timesMs) / median(without.timesMs)),
  ];
}

function p50Ratio(each: Variant, without: Variant): number {
  return roundRatio(each, without, 1, ({ p50Micros }) => p50Micros);
}

/** Median over the rounds: what one has to what the other has in the same round. */
function roundRatio(
  one: Variant,
  other: Variant,
  connections: number,
  pick: (load: LoadResult) => number,
): number {
  const others = other.loads.get(connections) ?? [];
  const ones = one.loads.get(connections) ?? [];
  return median(ones.map((load, round) => pick(load) / pick(others[round]!)));
}

function perSecondOf({ requests, seconds }: LoadResult): number {
  return requests / seconds;
}

const COLUMNS: ReportTable['columns'] = [
  { key: 'name', title: 'dead servers' },
  { key: 'p50', title: 'check, 1 conn.: p50 µs' },
  { key: 'p50Ratio', title: 'ratio', digits: 2 },
  { key: 'p99', title: 'p99 µs' },
  { key: 'perSecond', title: '64 conns.: checks/s' },
  { key: 'perSecondRatio', title: 'ratio', digits: 2 },
  { key: 'p99Many', title: 'p99 µs' },
  { key: 'stalenessP50', title: 'staleness p50 ms', digits: 1 },
  { key: 'stalenessP90', title: 'p90 ms', digits: 1 },
  { key: 'stalenessMax', title: 'max ms', digits: 1 },
  { key: 'cores', title: 'cores', digits: 3 },
];
