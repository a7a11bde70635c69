/** Benchmark: from a changed value at the server to the changed answer of a check. */
import type { Benchmark, BenchmarkContext } from './support/benchmark.js';
import { thereAndBack } from './support/changes.js';
import { checkPath, clustersOf, ownFleet, ownFreno } from './support/freno.js';
import { ASK_INTERVAL_MS, Poller } from './support/poller.js';
import { PROBE_INTERVAL_MS } from './support/prober.js';
import { median, percentile } from './support/statistics.js';

export const staleness: Benchmark = {
  name: 'staleness',
  title: 'changed value at a server to the changed answer',
  async run(context) {
    const trials = context.quick ? 10 : 100;
    const rows = [];
    for (const hosts of [1, 100]) {
      context.progress(`staleness: ${hosts} hosts, ${2 * trials} changes`);
      const times = await measure(context, hosts, trials);
      rows.push({
        hosts,
        p50: median(times),
        p90: percentile(times, 90),
        max: Math.max(...times),
      });
      await context.stopAll();
    }
    return [
      {
        title: 'Staleness',
        columns: [
          { key: 'hosts', title: 'hosts of the cluster' },
          { key: 'p50', title: 'p50 ms', digits: 1 },
          { key: 'p90', title: 'p90 ms', digits: 1 },
          { key: 'max', title: 'max ms', digits: 1 },
        ],
        rows,
        notes: [
          `${2 * trials} changes of one host's value across the threshold, at times that ` +
            `have nothing to do with the probes; a client asks every ${ASK_INTERVAL_MS} ms.`,
          `A value read every ${PROBE_INTERVAL_MS} ms is ${PROBE_INTERVAL_MS / 2} ms old ` +
            `on average, and ${0.9 * PROBE_INTERVAL_MS} ms in one of ten cases, before ` +
            'anything else takes time.',
        ],
        demands: [
          { what: 'staleness at one host, p50 ms', demanded: 'below 32', measured: rows[0]!.p50 },
          { what: 'staleness at one host, p90 ms', demanded: 'below 58', measured: rows[0]!.p90 },
        ],
      },
    ];
  },
};

async function measure(
  context: BenchmarkContext,
  hosts: number,
  trials: number,
): Promise<number[]> {
  const fleet = await ownFleet(context, hosts);
  const freno = await ownFreno(context, { clusters: clustersOf(fleet.hosts, hosts) });
  const client = await Poller.connect(freno.port, checkPath('c0'));
  context.own({ stop: async () => client.close() });
  const times: number[] = [];
  for (let trial = 0; trial < trials; trial++) {
    const server = Math.floor(Math.random() * hosts);
    times.push(...(await thereAndBack(fleet, server, [client])).flat());
  }
  return times;
}
