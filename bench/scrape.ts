/** Benchmark: what a scrape of `/metrics` costs with many stores. */
import { setTimeout as delay } from 'node:timers/promises';
import type { FrenoNode } from '../src/demo/freno-node.js';
import type { Benchmark, BenchmarkContext } from './support/benchmark.js';
import { checkPath, clustersOf, ownFleet, ownFreno } from './support/freno.js';
import { cpuMicros } from './support/processes.js';
import type { ReportTable } from './support/report.js';
import { median } from './support/statistics.js';

const STORES = [100, 2_000] as const;
/** Between two scrapes nothing is measured. */
const SCRAPES = 10;
const QUICK_SCRAPES = 5;
const WARM_UPS = 2;
/** The values of the stores stay for so long: probes would take CPU beside the scrapes. */
const CACHE_MS = 60_000;
const REST_MS = 2_000;

export const scrape: Benchmark = {
  name: 'scrape',
  title: 'a scrape of /metrics with 2,000 stores: CPU, size, time',
  async run(context) {
    const rows = [];
    for (const stores of STORES) rows.push(await measure(context, stores));
    return [
      {
        title: 'A scrape of /metrics',
        columns: COLUMNS,
        rows,
        notes: [
          'Each store has one host and was checked once. CPU is that of the whole process, less ' +
            `what it takes at rest; medians over ${context.quick ? QUICK_SCRAPES : SCRAPES} ` +
            `scrapes, after ${WARM_UPS} that are not counted.`,
        ],
        demands: [
          {
            what: 'CPU of a scrape of /metrics with 2,000 stores, ms',
            demanded: 'at most 200',
            measured: rows.at(-1)!.cpu,
          },
        ],
      },
    ];
  },
};

async function measure(context: BenchmarkContext, stores: number) {
  context.progress(`scrape: ${stores} stores`);
  const fleet = await ownFleet(context, stores);
  const freno = await ownFreno(context, {
    clusters: clustersOf(fleet.hosts, 1),
    mysql: { CacheMillis: CACHE_MS },
  });
  for (let store = 0; store < stores; store++) await checked(freno, `c${store}`);
  await delay(REST_MS);
  const restShare = await cpuShareAtRest(freno);
  const cpus: number[] = [];
  const times: number[] = [];
  let bytes = 0;
  for (let made = 0; made < WARM_UPS + (context.quick ? QUICK_SCRAPES : SCRAPES); made++) {
    const [beforeMicros, beforeMs] = [cpuMicros(freno.process.pid), performance.now()];
    const text = await (await fetch(`${freno.url}/metrics`)).arrayBuffer();
    const tookMs = performance.now() - beforeMs;
    const tookMicros = cpuMicros(freno.process.pid) - beforeMicros;
    bytes = text.byteLength;
    if (made < WARM_UPS) continue;
    cpus.push(tookMicros / 1_000 - restShare * tookMs);
    times.push(tookMs);
  }
  await context.stopAll();
  return {
    stores,
    size: bytes / 2 ** 20,
    cpu: median(cpus),
    cpuMax: Math.max(...cpus),
    time: median(times),
  };
}

/** Each store has counts of checks to report. */
async function checked(freno: FrenoNode, cluster: string): Promise<void> {
  const deadlineMs = performance.now() + 20_000;
  while ((await fetch(`${freno.url}${checkPath(cluster)}`)).status !== 200) {
    if (performance.now() > deadlineMs) throw new Error(`no value of ${cluster}`);
    await delay(20);
  }
}

async function cpuShareAtRest(freno: FrenoNode): Promise<number> {
  const [beforeMicros, beforeMs] = [cpuMicros(freno.process.pid), performance.now()];
  await delay(REST_MS);
  const tookMicros = cpuMicros(freno.process.pid) - beforeMicros;
  return tookMicros / 1_000 / (performance.now() - beforeMs);
}

const COLUMNS: ReportTable['columns'] = [
  { key: 'stores', title: 'stores' },
  { key: 'size', title: 'MiB', digits: 2 },
  { key: 'cpu', title: 'CPU ms', digits: 1 },
  { key: 'cpuMax', title: 'max', digits: 1 },
  { key: 'time', title: 'time ms', digits: 1 },
];
