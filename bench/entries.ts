/** Benchmark: control requests beside full tables, paired with those beside nearly empty ones. */
import type { Benchmark, BenchmarkContext } from './support/benchmark.js';
import { ownCluster } from './support/cluster.js';
import { clustersOf, ownFleet } from './support/freno.js';
import { LoadGenerator, type LoadOrder, type LoadResult } from './support/load.js';
import { cpuMicros } from './support/processes.js';
import type { Demand } from './support/report.js';
import { median } from './support/statistics.js';

const FEW = 100;
/** As many as a table holds. */
const MANY = 200_000;
const CLIENTS = 64;
const FILL_MS = 120_000;

/** `cpu`: microseconds of the node for each request. */
type MeasuredLoad = LoadResult & { readonly cpu: number };

interface MeasuredCommand {
  readonly what: string;
  readonly path: string;
  /** Where the tables are full, if it is another one. */
  readonly pathOfMany?: string;
  readonly statusOfMany?: number;
}

const COMMANDS: readonly MeasuredCommand[] = [
  { what: 'lift an app that has no entry', path: '/unthrottle-app/none{n}' },
  { what: 'change the entry of an app', path: '/throttle-app/app{n}/ttl/600/ratio/0.5' },
  {
    what: 'a new entry: refused where the table is full',
    path: '/throttle-app/app{n}/ttl/600/ratio/0.4',
    pathOfMany: '/throttle-app/new{n}',
    statusOfMany: 503,
  },
  { what: 'recover a host that is not skipped', path: '/recover-host/none{n}' },
  { what: 'skip a host again', path: '/skip-host/host{n}/ttl/600' },
];

export const entries: Benchmark = {
  name: 'entries',
  title: `control requests beside ${MANY.toLocaleString('en')} entries, to those beside ${FEW}`,
  async run(context) {
    const rows = await measure(context);
    return [
      {
        title: 'Control requests by the number of entries',
        columns: [
          { key: 'what', title: 'command' },
          { key: 'few', title: `requests/s, ${FEW} entries` },
          { key: 'many', title: `${MANY.toLocaleString('en')} entries` },
          { key: 'ratio', title: 'ratio', digits: 2 },
          { key: 'cpuRatio', title: 'CPU ratio', digits: 2 },
          { key: 'maxFew', title: 'max ms', digits: 1 },
          { key: 'maxMany', title: 'of many', digits: 1 },
        ],
        rows,
        demands: demandsOf(rows),
        notes: [
          `${CLIENTS} clients; two nodes with so many throttled apps, and as many skipped hosts, ` +
            'are asked in turn. Ratios are medians over the rounds; more than 1 means that the ' +
            'node with many entries does better.',
        ],
      },
    ];
  },
};

async function measure(context: BenchmarkContext) {
  const fleet = await ownFleet(context, 1);
  const clusters = clustersOf(fleet.hosts, 1);
  const [few] = await ownCluster(context, 1, { clusters });
  const [many] = await ownCluster(context, 1, { clusters });
  const generator = context.own(new LoadGenerator());
  for (const [node, count] of [
    [few!, FEW],
    [many!, MANY],
  ] as const) {
    for (const path of ['/throttle-app/app{n}/ttl/600', '/skip-host/host{n}/ttl/600']) {
      context.progress(`entries: ${count} of ${path}`);
      // As many requests for either: both are warm.
      await run(generator, node, { path, distinct: count, requests: MANY, durationMs: FILL_MS });
    }
  }
  const rounds = context.quick ? 3 : 7;
  const durationMs = context.quick ? 500 : 1_500;
  const rows = [];
  for (const { what, path, pathOfMany = path, statusOfMany = 200 } of COMMANDS) {
    const pairs: Array<readonly [MeasuredLoad, MeasuredLoad]> = [];
    for (let round = 0; round < rounds; round++) {
      context.progress(`entries: ${what}, round ${round + 1}`);
      const order = { distinct: FEW, durationMs };
      const one = await run(generator, few!, { ...order, path });
      const other = await run(generator, many!, {
        ...{ ...order, path: pathOfMany, status: statusOfMany },
      });
      pairs.push([one, other]);
    }
    const of = (pick: (pair: (typeof pairs)[number]) => number): number => median(pairs.map(pick));
    rows.push({
      what,
      few: of(([one]) => one.requests / one.seconds),
      many: of(([, other]) => other.requests / other.seconds),
      ratio: of(([one, other]) => other.requests / other.seconds / (one.requests / one.seconds)),
      cpuRatio: of(([one, other]) => one.cpu / other.cpu),
      maxFew: of(([one]) => one.maxMicros / 1000),
      maxMany: of(([, other]) => other.maxMicros / 1000),
    });
  }
  return rows;
}

async function run(
  generator: LoadGenerator,
  node: Awaited<ReturnType<typeof ownCluster>>[number],
  order: Omit<LoadOrder, 'port' | 'method' | 'connections'>,
): Promise<MeasuredLoad> {
  const before = cpuMicros(node.process.pid);
  const load = await generator.run({
    ...{ port: node.port, method: 'GET', connections: CLIENTS },
    ...order,
  });
  if (load.failures > 0) throw new Error(`${load.failures} of ${load.requests} failed`);
  return { ...load, cpu: (cpuMicros(node.process.pid) - before) / load.requests };
}

function demandsOf(rows: Awaited<ReturnType<typeof measure>>): Demand[] {
  return rows.map(({ what, cpuRatio }) => ({
    what: `CPU beside ${FEW} entries, to that beside ${MANY.toLocaleString('en')}: ${what}`,
    demanded: 'no difference: 1',
    measured: cpuRatio,
    digits: 2,
  }));
}
