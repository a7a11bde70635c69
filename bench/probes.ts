/**
 * Benchmark: latency and cost of probes beside a bare loop of the client library, and how many
 * hosts one worker keeps up with.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Fleet } from '../src/demo/fleet.js';
import { BareProbes } from './support/bare-probes.js';
import type { Benchmark, BenchmarkContext } from './support/benchmark.js';
import { clustersOf, METRIC_QUERY, ownFleet, ownFreno } from './support/freno.js';
import { allConnected, observe, PROBE_INTERVAL_MS } from './support/prober.js';
import type { ReportTable } from './support/report.js';
import { median } from './support/statistics.js';

const CLUSTER_SIZE = 100;
const HOSTS = [1, 100, 500, 1_000] as const;
const QUICK_HOSTS = [1, 1_000] as const;
const LIMIT_STEP = 250;
const LIMIT_MAX = 2_500;
/** Below this share of the probes that are due, intervals slip. */
const KEEPS_UP = 0.98;

export const probes: Benchmark = {
  name: 'probes',
  title: 'latency and CPU of probes beside a bare mysql2 loop; hosts that one worker sustains',
  run: async (context) => [await compareCosts(context), await findLimit(context)],
};

/** What one prober did in one window. */
interface Window {
  /** Probes made, as the servers counted them, of those that were due. */
  readonly kept: number;
  readonly cpuMicrosPerProbe: number;
  readonly p50Micros: number;
  readonly p99Micros: number;
}

async function compareCosts(context: BenchmarkContext): Promise<ReportTable> {
  const rounds = context.quick ? 1 : 3;
  const windowMs = context.quick ? 1_000 : 3_000;
  const rows = [];
  for (const hosts of context.quick ? QUICK_HOSTS : HOSTS) {
    const fleet = await ownFleet(context, hosts);
    const results: Array<{ readonly freno: Window; readonly bare: Window }> = [];
    for (let round = 0; round < rounds; round++) {
      context.progress(`probes: ${hosts} hosts, round ${round + 1} of ${rounds}`);
      results.push({
        freno: await probeWithFreno(context, fleet, hosts, windowMs),
        bare: await probeBare(context, fleet, hosts, windowMs),
      });
    }
    await context.stopAll();
    const of = (pick: (result: (typeof results)[number]) => number): number =>
      median(results.map(pick));
    rows.push({
      hosts,
      kept: of(({ freno }) => freno.kept * 100),
      bareKept: of(({ bare }) => bare.kept * 100),
      p50: of(({ freno }) => freno.p50Micros),
      p99: of(({ freno }) => freno.p99Micros),
      bareP50: of(({ bare }) => bare.p50Micros),
      bareP99: of(({ bare }) => bare.p99Micros),
      cpu: of(({ freno }) => freno.cpuMicrosPerProbe),
      bareCpu: of(({ bare }) => bare.cpuMicrosPerProbe),
      cpuRatio: of(({ freno, bare }) => freno.cpuMicrosPerProbe / bare.cpuMicrosPerProbe),
    });
  }
  return {
    title: `Probes every ${PROBE_INTERVAL_MS} ms`,
    columns: COST_COLUMNS,
    rows,
    notes: [
      `One probe worker; clusters of ${CLUSTER_SIZE} hosts. CPU of the whole process: with ` +
        'one host it is that of an idle freno. The bare loop asks the same query in turns of ' +
        '5 ms and does nothing with the answer.',
      'CPU ratio: freno to bare; less is better. Made: probes counted by the servers, of ' +
        'those due.',
    ],
    demands: [
      {
        what: 'probes made of 1,000 hosts by one worker, % of those due',
        demanded: '100',
        measured: rows.at(-1)!.kept,
        digits: 1,
      },
      {
        what: 'CPU per probe of 1,000 hosts, to the bare loop',
        demanded: 'at most 1.2',
        measured: rows.at(-1)!.cpuRatio,
        digits: 2,
      },
    ],
  };
}

async function probeWithFreno(
  context: BenchmarkContext,
  fleet: Fleet,
  hosts: number,
  windowMs: number,
): Promise<Window> {
  const freno = await ownFreno(context, { clusters: clustersOf(fleet.hosts, CLUSTER_SIZE) });
  await allConnected(fleet, hosts);
  const { kept, cpuMicrosPerProbe } = await observe(fleet, hosts, freno.process.pid, windowMs);
  const response = await fetch(`${freno.url}/debug/vars`);
  const vars = (await response.json()) as Readonly<Record<string, number>>;
  await context.release(freno);
  const micros = (key: string): number => (vars[`probes.latency.${key}`] ?? Number.NaN) / 1000;
  return {
    kept,
    cpuMicrosPerProbe,
    p50Micros: micros('50-percentile'),
    p99Micros: micros('99-percentile'),
  };
}

async function probeBare(
  context: BenchmarkContext,
  fleet: Fleet,
  hosts: number,
  windowMs: number,
): Promise<Window> {
  const bare = context.own(new BareProbes());
  await bare.start(fleet.addresses, METRIC_QUERY, PROBE_INTERVAL_MS);
  await delay(500);
  await bare.latencies();
  const seen = await observe(fleet, hosts, bare.pid, windowMs);
  const latencies = await bare.latencies();
  await context.release(bare);
  return { ...seen, ...latencies };
}

/** More hosts step by step, until one worker no longer makes the probes that are due. */
async function findLimit(context: BenchmarkContext): Promise<ReportTable> {
  const step = context.quick ? 4 * LIMIT_STEP : LIMIT_STEP;
  const windowMs = context.quick ? 1_000 : 2_000;
  const rows = [];
  for (let hosts = context.quick ? 1_500 : 1_000; hosts <= LIMIT_MAX; hosts += step) {
    context.progress(`probes: does one worker keep up with ${hosts} hosts?`);
    const fleet = await ownFleet(context, hosts);
    const freno = await ownFreno(context, { clusters: clustersOf(fleet.hosts, CLUSTER_SIZE) });
    await allConnected(fleet, hosts);
    const seen = await observe(fleet, hosts, freno.process.pid, windowMs);
    rows.push({
      hosts,
      kept: seen.kept * 100,
      cpu: seen.cpuMicrosPerProbe,
      cores: seen.cpuShare,
      serverCores: seen.serversShare,
    });
    await context.stopAll();
    if (seen.kept < KEEPS_UP) break;
  }
  return {
    title: 'Hosts that one probe worker sustains',
    columns: LIMIT_COLUMNS,
    rows,
    notes: [
      `Until fewer than ${KEEPS_UP * 100} % of the probes that are due are made, or to ` +
        `${LIMIT_MAX.toLocaleString('en')} hosts. The simulated servers share the machine.`,
    ],
  };
}

const COST_COLUMNS: ReportTable['columns'] = [
  { key: 'hosts', title: 'hosts' },
  { key: 'kept', title: 'made %', digits: 1 },
  { key: 'bareKept', title: 'bare %', digits: 1 },
  { key: 'p50', title: 'p50 µs' },
  { key: 'bareP50', title: 'bare' },
  { key: 'p99', title: 'p99 µs' },
  { key: 'bareP99', title: 'bare' },
  { key: 'cpu', title: 'CPU µs/probe', digits: 1 },
  { key: 'bareCpu', title: 'bare', digits: 1 },
  { key: 'cpuRatio', title: 'CPU ratio', digits: 2 },
];

const LIMIT_COLUMNS: ReportTable['columns'] = [
  { key: 'hosts', title: 'hosts' },
  { key: 'kept', title: 'made %', digits: 1 },
  { key: 'cpu', title: 'CPU µs/probe', digits: 1 },
  { key: 'cores', title: 'freno cores', digits: 2 },
  { key: 'serverCores', title: 'servers cores', digits: 2 },
];
