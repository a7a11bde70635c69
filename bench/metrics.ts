/** Benchmark: what several metrics per store cost checks and probes. */
import type { Benchmark, BenchmarkContext } from './support/benchmark.js';
import {
  checkPath,
  clustersOf,
  METRIC_QUERY,
  ownFleet,
  ownFreno,
  START_TIMEOUT_MS,
} from './support/freno.js';
import { LoadGenerator } from './support/load.js';
import { allConnected, observe, PROBE_INTERVAL_MS } from './support/prober.js';
import { cpuMicros } from './support/processes.js';
import type { ReportTable } from './support/report.js';
import { median } from './support/statistics.js';

const HOSTS = 500;
const CLUSTER_SIZE = 100;
const METRICS = 3;
const CONNECTIONS = 64;

/** Two metrics beside the own one; equal queries would be one. */
const FURTHER_METRICS = {
  second: { Query: `${METRIC_QUERY} where id = 2`, Threshold: 1 },
  third: { Query: `${METRIC_QUERY} where id = 3`, Threshold: 1 },
};

export const metrics: Benchmark = {
  name: 'metrics',
  title: 'checks and probes of stores with three metrics beside stores with one',
  run: async (context) => [await compareChecks(context), await probeMany(context)],
};

async function compareChecks(context: BenchmarkContext): Promise<ReportTable> {
  const fleet = await ownFleet(context, 1);
  const freno = await ownFreno(context, {
    clusters: { one: fleet.hosts },
    furtherClusters: {
      three: { StaticHostsSettings: { Hosts: fleet.hosts }, Metrics: FURTHER_METRICS },
    },
  });
  await freno.process.waitFor(checkPath('three'), 200, START_TIMEOUT_MS);
  const generator = context.own(new LoadGenerator());
  const rounds = context.quick ? 3 : 9;
  const durationMs = context.quick ? 300 : 1_000;
  const load = async (cluster: string): Promise<{ perSecond: number; cpu: number }> => {
    const path = checkPath(cluster);
    const { pid } = freno.process;
    const before = cpuMicros(pid);
    const order = { method: 'GET', path, connections: CONNECTIONS, durationMs } as const;
    const { requests, seconds } = await generator.run({ port: freno.port, ...order });
    return { perSecond: requests / seconds, cpu: (cpuMicros(pid) - before) / requests };
  };
  await load('one');
  const pairs: Array<Record<'one' | 'three', Awaited<ReturnType<typeof load>>>> = [];
  for (let round = 0; round < rounds; round++) {
    context.progress(`metrics: checks, round ${round + 1} of ${rounds}`);
    pairs.push({ one: await load('one'), three: await load('three') });
  }
  await context.stopAll();
  const of = (pick: (pair: (typeof pairs)[number]) => number): number => median(pairs.map(pick));
  const ratio = of(({ one, three }) => three.perSecond / one.perSecond);
  return {
    title: 'Checks of a store with three metrics',
    columns: [
      { key: 'metrics', title: 'metrics' },
      { key: 'perSecond', title: 'checks/s' },
      { key: 'cpu', title: 'CPU µs/check', digits: 2 },
      { key: 'ratio', title: 'ratio', digits: 2 },
    ],
    rows: [
      {
        metrics: 1,
        perSecond: of(({ one }) => one.perSecond),
        cpu: of((p) => p.one.cpu),
        ratio: 1,
      },
      { metrics: 3, perSecond: of((p) => p.three.perSecond), cpu: of((p) => p.three.cpu), ratio },
    ],
    notes: [`${CONNECTIONS} connections; both stores in turn, on one node.`],
    demands: [
      {
        what: 'checks/s with three metrics, to one',
        demanded: 'at least 0.85',
        measured: ratio,
        digits: 2,
      },
    ],
  };
}

async function probeMany(context: BenchmarkContext): Promise<ReportTable> {
  const fleet = await ownFleet(context, HOSTS);
  const [first, ...others] = Object.entries(clustersOf(fleet.hosts, CLUSTER_SIZE)) as [
    [string, string[]],
    ...[string, string[]][],
  ];
  const freno = await ownFreno(context, {
    clusters: Object.fromEntries([first]),
    furtherClusters: Object.fromEntries(
      [first, ...others].map(([name, hosts]) => [
        name,
        { StaticHostsSettings: { Hosts: hosts }, Metrics: FURTHER_METRICS },
      ]),
    ),
  });
  await freno.process.waitFor(checkPath('c0'), 200, START_TIMEOUT_MS);
  context.progress(`metrics: ${HOSTS} hosts with ${METRICS} metrics each`);
  await allConnected(fleet, HOSTS);
  const windowMs = context.quick ? 2_000 : 10_000;
  const seen = await observe(fleet, HOSTS * METRICS, freno.process.pid, windowMs);
  const { connections } = await fleet.statistics();
  const response = await fetch(`${freno.url}/debug/vars`);
  const vars = (await response.json()) as Readonly<Record<string, number>>;
  return {
    title: `${HOSTS} hosts with ${METRICS} metrics each, one probe worker`,
    columns: [
      { key: 'kept', title: 'made %', digits: 1 },
      { key: 'missed', title: 'phases missed' },
      { key: 'connections', title: 'connections' },
      { key: 'cpuShare', title: 'cores', digits: 2 },
      { key: 'cpu', title: 'CPU µs/query', digits: 1 },
    ],
    rows: [
      {
        kept: seen.kept * 100,
        missed: vars['probes.missed'] ?? Number.NaN,
        connections,
        cpuShare: seen.cpuShare,
        cpu: seen.cpuMicrosPerProbe,
      },
    ],
    notes: [`A query of each metric every ${PROBE_INTERVAL_MS} ms; phases missed since the start.`],
    demands: [
      {
        what: `queries made of ${HOSTS} hosts with ${METRICS} metrics, % of those due`,
        demanded: '100',
        measured: seen.kept * 100,
        digits: 1,
      },
    ],
  };
}
