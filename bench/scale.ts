/**
 * Benchmark: a thousand hosts over fifty clusters: what they cost, and how old the answers of any
 * of them are.
 */
import type { Fleet } from '../src/demo/fleet.js';
import type { FrenoNode } from '../src/demo/freno-node.js';
import type { Benchmark, BenchmarkContext } from './support/benchmark.js';
import { thereAndBack } from './support/changes.js';
import { checkPath, clustersOf, ownFleet, ownFreno } from './support/freno.js';
import { ASK_INTERVAL_MS, Poller } from './support/poller.js';
import { allConnected, observe } from './support/prober.js';
import { residentBytes } from './support/processes.js';
import type { ReportTable } from './support/report.js';
import { median, percentile } from './support/statistics.js';

const HOSTS = 1_000;
const CLUSTERS = 50;
const CLUSTER_SIZE = HOSTS / CLUSTERS;
const PROBE_WORKERS = [1, 2] as const;

export const scale: Benchmark = {
  name: 'scale',
  title: '1,000 hosts over 50 clusters: memory, CPU per probe, staleness',
  async run(context) {
    const trials = context.quick ? 10 : 60;
    const rows = [];
    for (const probeWorkers of context.quick ? [1] : PROBE_WORKERS) {
      context.progress(`scale: ${HOSTS} hosts, ${probeWorkers} probe workers`);
      rows.push(await measure(context, probeWorkers, trials));
      await context.stopAll();
    }
    return [
      {
        title: `${HOSTS.toLocaleString('en')} hosts over ${CLUSTERS} clusters`,
        columns: COLUMNS,
        rows,
        notes: [
          'Made: probes counted by the servers, of those due. CPU and memory are those of ' +
            'the whole process, with one HTTP worker.',
          `Staleness: ${2 * trials} changes of the value of a host drawn at random; a ` +
            `client asks for its cluster every ${ASK_INTERVAL_MS} ms. The simulated servers ` +
            'share the machine.',
        ],
      },
    ];
  },
};

async function measure(context: BenchmarkContext, probeWorkers: number, trials: number) {
  const fleet = await ownFleet(context, HOSTS);
  const clusters = clustersOf(fleet.hosts, CLUSTER_SIZE);
  const freno = await ownFreno(context, { clusters, probeWorkers });
  await allConnected(fleet, HOSTS);
  const { kept, cpuMicrosPerProbe, cpuShare } = await observe(
    fleet,
    HOSTS,
    freno.process.pid,
    context.quick ? 1_500 : 10_000,
  );
  const times = await stalenessOf(fleet, freno, trials);
  return {
    probeWorkers,
    kept: kept * 100,
    cpu: cpuMicrosPerProbe,
    cores: cpuShare,
    memory: residentBytes(freno.process.pid) / 2 ** 20,
    p50: median(times),
    p90: percentile(times, 90),
    max: Math.max(...times),
  };
}

async function stalenessOf(fleet: Fleet, freno: FrenoNode, trials: number): Promise<number[]> {
  const times: number[] = [];
  for (let trial = 0; trial < trials; trial++) {
    const server = Math.floor(Math.random() * HOSTS);
    const cluster = `c${Math.floor(server / CLUSTER_SIZE)}`;
    const client = await Poller.connect(freno.port, checkPath(cluster));
    try {
      times.push(...(await thereAndBack(fleet, server, [client])).flat());
    } finally {
      client.close();
    }
  }
  return times;
}

const COLUMNS: ReportTable['columns'] = [
  { key: 'probeWorkers', title: 'probe workers' },
  { key: 'kept', title: 'made %', digits: 1 },
  { key: 'cpu', title: 'CPU µs/probe', digits: 1 },
  { key: 'cores', title: 'cores', digits: 2 },
  { key: 'memory', title: 'resident MB', digits: 1 },
  { key: 'p50', title: 'staleness p50 ms', digits: 1 },
  { key: 'p90', title: 'p90 ms', digits: 1 },
  { key: 'max', title: 'max ms', digits: 1 },
];
