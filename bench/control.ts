/** Benchmark: control requests, each committed by a majority before it is answered. */
import type { Benchmark, BenchmarkContext } from './support/benchmark.js';
import { leaderOf, ownCluster } from './support/cluster.js';
import { clustersOf, ownFleet } from './support/freno.js';
import { LoadGenerator, type LoadResult } from './support/load.js';
import { cpuMicros } from './support/processes.js';
import type { Demand, ReportTable } from './support/report.js';
import { median } from './support/statistics.js';

const CLIENTS = [1, 16, 64] as const;
const APPS = 1_000;

export const control: Benchmark = {
  name: 'control',
  title: 'control requests per second and latency, one node and three',
  async run(context) {
    const rows = [];
    for (const nodes of [1, 3]) {
      rows.push(...(await measure(context, nodes)));
      await context.stopAll();
    }
    return [
      {
        title: 'Control requests',
        columns: [
          { key: 'nodes', title: 'nodes' },
          { key: 'clients', title: 'clients' },
          { key: 'perSecond', title: 'requests/s' },
          { key: 'p50', title: 'p50 ms', digits: 2 },
          { key: 'p99', title: 'p99 ms', digits: 2 },
          { key: 'max', title: 'max ms', digits: 1 },
          { key: 'leaderCpu', title: 'leader CPU µs/request', digits: 1 },
          { key: 'allCpu', title: 'all nodes', digits: 1 },
        ],
        rows,
        demands: demandsOf(rows),
        notes: [
          '/throttle-app/<app>/ttl/10/ratio/0.5 on the leader for ' +
            `${APPS.toLocaleString('en')} apps in turn; each client asks again as soon as it ` +
            'is answered.',
          'All nodes, their disks and the clients share this machine.',
        ],
      } satisfies ReportTable,
    ];
  },
};

async function measure(context: BenchmarkContext, count: number) {
  const fleet = await ownFleet(context, 1);
  const nodes = await ownCluster(context, count, { clusters: clustersOf(fleet.hosts, 1) });
  const generator = context.own(new LoadGenerator());
  const rounds = context.quick ? 1 : 3;
  const durationMs = context.quick ? 500 : 2_000;
  const cpuOf = (pids: readonly number[]): number =>
    pids.reduce((sum, pid) => sum + cpuMicros(pid), 0);
  const rows = [];
  for (const clients of CLIENTS) {
    const results: Array<LoadResult & { leaderCpu: number; allCpu: number }> = [];
    for (let round = 0; round < rounds; round++) {
      context.progress(`control: ${count} nodes, ${clients} clients, round ${round + 1}`);
      const leader = await leaderOf(nodes);
      const pids = nodes.map((node) => node.process.pid);
      const leaderBefore = cpuMicros(leader.process.pid);
      const allBefore = cpuOf(pids);
      const load = await generator.run({
        port: leader.port,
        method: 'GET',
        path: '/throttle-app/app{n}/ttl/10/ratio/0.5',
        distinct: APPS,
        connections: clients,
        durationMs,
      });
      if (load.failures > 0) throw new Error(`${load.failures} of ${load.requests} failed`);
      results.push({
        ...load,
        leaderCpu: (cpuMicros(leader.process.pid) - leaderBefore) / load.requests,
        allCpu: (cpuOf(pids) - allBefore) / load.requests,
      });
    }
    const of = (pick: (result: (typeof results)[number]) => number): number =>
      median(results.map(pick));
    rows.push({
      nodes: count,
      clients,
      perSecond: of(({ requests, seconds }) => requests / seconds),
      p50: of(({ p50Micros }) => p50Micros / 1000),
      p99: of(({ p99Micros }) => p99Micros / 1000),
      max: of(({ maxMicros }) => maxMicros / 1000),
      leaderCpu: of(({ leaderCpu }) => leaderCpu),
      allCpu: of(({ allCpu }) => allCpu),
    });
  }
  return rows;
}

function demandsOf(rows: Awaited<ReturnType<typeof measure>>): Demand[] {
  const at = (nodes: number, clients: number) =>
    rows.find((row) => row.nodes === nodes && row.clients === clients)!;
  return [
    {
      what: 'control requests per second on three nodes, 64 clients',
      demanded: 'at least 6,000',
      measured: at(3, 64).perSecond,
    },
    {
      what: 'a control request on three nodes, one client, p50 ms',
      demanded: 'below 2',
      measured: at(3, 1).p50,
      digits: 2,
    },
    {
      what: 'control requests per second on one node, 64 clients',
      demanded: 'at least 15,000',
      measured: at(1, 64).perSecond,
    },
  ];
}
