/** Benchmark: how old the values of a healthy server are beside hundreds that send too much. */
import type { Fleet } from '../src/demo/fleet.js';
import type { FrenoNode } from '../src/demo/freno-node.js';
import { until } from '../test/support/until.js';
import type { Benchmark, BenchmarkContext } from './support/benchmark.js';
import { thereAndBack } from './support/changes.js';
import { checkPath, ownFleet, ownFreno } from './support/freno.js';
import { ASK_INTERVAL_MS, Poller } from './support/poller.js';
import { cpuMicros, residentBytes } from './support/processes.js';
import type { ReportTable } from './support/report.js';
import { RogueServers } from './support/rogue-servers.js';
import { median, percentile } from './support/statistics.js';

const ROGUES = 300;
const ROGUES_OF_STORE = 20;
const CONNECTED_TIMEOUT_MS = 30_000;

export const rogues: Benchmark = {
  name: 'rogues',
  title: '300 servers that send too much beside a healthy one: how old its values are',
  async run(context) {
    const trials = context.quick ? 50 : 300;
    const fleet = await ownFleet(context, 1);
    const servers = context.own(new RogueServers());
    const hosts = await servers.start(ROGUES);
    const [without, beside] = [
      await variant(context, fleet, 'none', []),
      await variant(context, fleet, `${ROGUES}`, hosts),
    ];
    // The first logins are all at once.
    await until(async () => totalOf(await servers.accepted()) >= 2 * ROGUES, CONNECTED_TIMEOUT_MS);
    context.progress(`rogues: ${2 * trials} changes`);
    await measure(context, fleet, [without, beside], trials);
    const accepted = await servers.accepted();
    if (Object.values(accepted).some((count) => count === 0)) {
      throw new Error(
        `a kind of rogue servers was never connected to: ${JSON.stringify(accepted)}`,
      );
    }
    const [least, most] = [Math.max(...without.timesMs), Math.max(...beside.timesMs)];
    return [
      {
        title: 'A healthy server beside rogue ones',
        columns: COLUMNS,
        rows: [rowOf(without), rowOf(beside)],
        notes: [
          'Two nodes at once over the same healthy server, with one probe thread each; one of ' +
            `them has ${ROGUES / ROGUES_OF_STORE} further stores of ${ROGUES_OF_STORE} rogue ` +
            'servers: greetings and errors of 16 MiB, rows without end, 65,535 columns, packets ' +
            'out of order.',
          `${2 * trials} changes of the healthy server's value, after the first logins to all ` +
            'others, seen by two clients at once, each of which asks its node every ' +
            `${ASK_INTERVAL_MS} ms. The servers share the machine. Connections by kind: ` +
            `${listed(accepted)}.`,
        ],
        demands: [
          {
            what: 'oldest value of a server beside 300 rogue ones, ms more than without them',
            demanded: 'at most 150',
            measured: most - least,
          },
        ],
      },
    ];
  },
};

interface RogueVariant {
  readonly name: string;
  readonly node: FrenoNode;
  readonly timesMs: number[];
  cpuShare: number;
}

async function variant(
  context: BenchmarkContext,
  fleet: Fleet,
  name: string,
  hosts: readonly string[],
): Promise<RogueVariant> {
  const clusters: Record<string, string[]> = { healthy: fleet.hosts };
  hosts.forEach((host, number) => {
    const cluster = `rogue${Math.floor(number / ROGUES_OF_STORE)}`;
    clusters[cluster] = [...(clusters[cluster] ?? []), host];
  });
  return { name, node: await ownFreno(context, { clusters }), timesMs: [], cpuShare: 0 };
}

async function measure(
  context: BenchmarkContext,
  fleet: Fleet,
  variants: readonly RogueVariant[],
  trials: number,
): Promise<void> {
  const clients = await Promise.all(
    variants.map(({ node }) => Poller.connect(node.port, checkPath('healthy'))),
  );
  for (const client of clients) context.own({ stop: async () => client.close() });
  const before = variants.map(({ node }) => cpuMicros(node.process.pid));
  const startedMs = performance.now();
  for (let trial = 0; trial < trials; trial++) {
    const times = await thereAndBack(fleet, 0, clients);
    for (const [index, { timesMs }] of variants.entries()) timesMs.push(...times[index]!);
  }
  const tookMs = performance.now() - startedMs;
  for (const [index, each] of variants.entries()) {
    each.cpuShare = (cpuMicros(each.node.process.pid) - before[index]!) / 1_000 / tookMs;
  }
}

function rowOf({ name, node, timesMs, cpuShare }: RogueVariant) {
  return {
    name,
    p50: median(timesMs),
    p90: percentile(timesMs, 90),
    max: Math.max(...timesMs),
    cores: cpuShare,
    memory: residentBytes(node.process.pid) / 2 ** 20,
  };
}

function totalOf(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

function listed(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([kind, count]) => `${kind} ${count}`)
    .join(', ');
}

const COLUMNS: ReportTable['columns'] = [
  { key: 'name', title: 'rogue servers' },
  { key: 'p50', title: 'staleness p50 ms', digits: 1 },
  { key: 'p90', title: 'p90 ms', digits: 1 },
  { key: 'max', title: 'max ms', digits: 1 },
  { key: 'cores', title: 'cores', digits: 3 },
  { key: 'memory', title: 'resident MB', digits: 1 },
];
