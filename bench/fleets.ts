/**
 * Benchmark: what a whole freno costs to probe fleets of all sizes, beside a bare loop of the
 * client library that sends all its queries in one burst per interval. Both run at the same time
 * against the same servers where the machine can carry it, so that whatever else happens on it
 * slows both.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { FrenoNode } from '../src/demo/freno-node.js';
import { BareProbes } from './support/bare-probes.js';
import type { Benchmark, BenchmarkContext } from './support/benchmark.js';
import { leaderOf } from './support/cluster.js';
import { clustersOf, METRIC_QUERY, ownFleet, ownFreno, ownNodes } from './support/freno.js';
import { allConnected, PROBE_INTERVAL_MS } from './support/prober.js';
import { cpuMicros } from './support/processes.js';
import type { Demand, ReportTable } from './support/report.js';
import { median } from './support/statistics.js';

const CLUSTER_SIZE = 100;

/**
 * Not that of freno: at the same one the two would be in step for a whole run, beside each other or
 * in each other's way by chance. So one passes over the other in each window.
 */
const BARE_INTERVAL_MS = PROBE_INTERVAL_MS - 1;

/** Two cores carry both probers and the servers of so many hosts; with more, one runs at a time. */
const TOGETHER_HOSTS_MAX = 300;

/** Hosts, and the highest ratio of CPU that is asked for. */
const SIZES: ReadonlyArray<readonly [hosts: number, ratioMax: number]> = [
  [10, 1.6],
  [100, 1.25],
  [300, 1.15],
  [1_000, 1.15],
];

export const fleets: Benchmark = {
  name: 'fleets',
  title: 'CPU of a whole freno beside a bare burst loop, for 10 to 1,000 hosts; idle CPU',
  run: async (context) => [await compareFleets(context), await measureIdle(context)],
};

/** One window of both. */
interface PairedWindow {
  readonly frenoMicrosPerProbe: number;
  readonly bareMicrosPerProbe: number;
  /** Probes of freno, of those that were due. */
  readonly kept: number;
}

async function compareFleets(context: BenchmarkContext): Promise<ReportTable> {
  const rows = [];
  const demands: Demand[] = [];
  for (const [hosts, ratioMax] of SIZES) {
    const windows = await measureFleet(context, hosts);
    const of = (pick: (window: PairedWindow) => number): number => median(windows.map(pick));
    const ratio = of(
      ({ frenoMicrosPerProbe, bareMicrosPerProbe }) => frenoMicrosPerProbe / bareMicrosPerProbe,
    );
    rows.push({
      hosts,
      kept: of(({ kept }) => kept * 100),
      freno: of(({ frenoMicrosPerProbe }) => frenoMicrosPerProbe),
      bare: of(({ bareMicrosPerProbe }) => bareMicrosPerProbe),
      ratio,
    });
    demands.push({
      what: `CPU with ${hosts.toLocaleString('en')} hosts, to a bare burst loop`,
      demanded: `at most ${ratioMax}`,
      measured: ratio,
      digits: 2,
    });
  }
  return {
    title: 'CPU of a whole freno beside a bare burst loop',
    columns: [
      { key: 'hosts', title: 'hosts' },
      { key: 'kept', title: 'made %', digits: 1 },
      { key: 'freno', title: 'freno CPU µs/probe', digits: 1 },
      { key: 'bare', title: 'bare', digits: 1 },
      { key: 'ratio', title: 'ratio', digits: 2 },
    ],
    rows,
    notes: [
      `Probes every ${PROBE_INTERVAL_MS} ms; clusters of at most ${CLUSTER_SIZE} hosts. ` +
        'Simulated servers in a process of their own. CPU of all threads of a freno of one node, ' +
        'divided by its probes.',
      `The bare loop sends one query to each host in one burst per ${BARE_INTERVAL_MS} ms, and ` +
        'does nothing with the results. Medians of paired windows; with more than ' +
        `${TOGETHER_HOSTS_MAX} hosts one prober runs at a time.`,
    ],
    demands,
  };
}

async function measureFleet(context: BenchmarkContext, hosts: number): Promise<PairedWindow[]> {
  const [rounds, windowMs, warmUpMs] = context.quick ? [3, 1_500, 3_000] : [7, 3_000, 25_000];
  context.progress(`fleets: ${hosts} hosts`);
  const fleet = await ownFleet(context, hosts);
  const startFreno = (): Promise<FrenoNode> =>
    ownFreno(context, { clusters: clustersOf(fleet.hosts, CLUSTER_SIZE) });
  const startBare = async (): Promise<BareProbes> => {
    const bare = context.own(new BareProbes());
    await bare.start(fleet.addresses, METRIC_QUERY, BARE_INTERVAL_MS, 'burst');
    return bare;
  };
  const windows: PairedWindow[] = [];
  if (hosts <= TOGETHER_HOSTS_MAX) {
    const [freno, bare] = [await startFreno(), await startBare()];
    await allConnected(fleet, 2 * hosts);
    await delay(warmUpMs);
    for (let round = 0; round < rounds; round++) {
      const [ofFreno, ofBare] = await Promise.all([
        measureWindow(freno.process.pid, () => probesOfFreno(freno), windowMs),
        measureWindow(bare.pid, () => bare.made(), windowMs),
      ]);
      windows.push(pairOf(hosts, ofFreno, ofBare));
    }
  } else {
    for (let round = 0; round < Math.ceil(rounds / 3); round++) {
      const freno = await startFreno();
      await allConnected(fleet, hosts);
      await delay(warmUpMs);
      const ofFreno = await measureWindow(freno.process.pid, () => probesOfFreno(freno), windowMs);
      await context.release(freno);
      const bare = await startBare();
      await delay(warmUpMs);
      const ofBare = await measureWindow(bare.pid, () => bare.made(), windowMs);
      await context.release(bare);
      windows.push(pairOf(hosts, ofFreno, ofBare));
    }
  }
  await context.stopAll();
  return windows;
}

interface ProberWindow {
  readonly probesPerMs: number;
  readonly microsPerProbe: number;
}

/** `countProbes`: since the start of the prober. The CPU of that call is not measured. */
async function measureWindow(
  pid: number,
  countProbes: () => Promise<number>,
  windowMs: number,
): Promise<ProberWindow> {
  const before = await countProbes();
  const startedMs = performance.now();
  const cpuBefore = cpuMicros(pid);
  await delay(windowMs);
  const microsPerMs = (cpuMicros(pid) - cpuBefore) / (performance.now() - startedMs);
  const probesPerMs = ((await countProbes()) - before) / (performance.now() - startedMs);
  return { probesPerMs, microsPerProbe: microsPerMs / probesPerMs };
}

function pairOf(hosts: number, freno: ProberWindow, bare: ProberWindow): PairedWindow {
  return {
    frenoMicrosPerProbe: freno.microsPerProbe,
    bareMicrosPerProbe: bare.microsPerProbe,
    kept: (freno.probesPerMs * PROBE_INTERVAL_MS) / hosts,
  };
}

async function probesOfFreno(freno: FrenoNode): Promise<number> {
  const response = await fetch(`${freno.url}/debug/vars`);
  const vars = (await response.json()) as Readonly<Record<string, number>>;
  return vars['probes.total'] ?? Number.NaN;
}

/** Nothing to probe and no clients. */
async function measureIdle(context: BenchmarkContext): Promise<ReportTable> {
  const seconds = context.quick ? 4 : 20;
  context.progress(`fleets: idle, ${seconds} s`);
  const nodes = await ownNodes(context, 1, { clusters: {} });
  for (const node of nodes) node.start();
  const node = await leaderOf(nodes);
  await delay(context.quick ? 4_000 : 15_000);
  const before = cpuMicros(node.process.pid);
  await delay(seconds * 1_000);
  const cpu = (cpuMicros(node.process.pid) - before) / seconds / 10_000;
  await context.stopAll();
  return {
    title: 'CPU of an idle freno',
    columns: [{ key: 'cpu', title: 'CPU % of a core', digits: 2 }],
    rows: [{ cpu }],
    notes: [`One node, no hosts and no clients, over ${seconds} s.`],
  };
}
