/** Benchmark: from the start of the process to the first check that is answered 200. */

import { spawn } from 'node:child_process';
import type { Benchmark } from './support/benchmark.js';
import { checkPath, clustersOf, ownFleet, ownNodes, START_TIMEOUT_MS } from './support/freno.js';
import { median, percentile } from './support/statistics.js';

const HOSTS = 3;

export const start: Benchmark = {
  name: 'start',
  title: 'process start to the first check answered 200',
  async run(context) {
    const starts = context.quick ? 4 : 20;
    const fleet = await ownFleet(context, HOSTS);
    const frenoMs: number[] = [];
    const nodeMs: number[] = [];
    for (let number = 0; number < starts; number++) {
      context.progress(`start: ${number + 1} of ${starts}`);
      nodeMs.push(await startOfNode());
      const [node] = await ownNodes(context, 1, { clusters: clustersOf(fleet.hosts, HOSTS) });
      const startedMs = performance.now();
      await node!.start().waitFor(checkPath('c0'), 200, START_TIMEOUT_MS);
      frenoMs.push(performance.now() - startedMs);
      await context.release(node!);
    }
    const row = (what: string, times: readonly number[]) => ({
      what,
      p50: median(times),
      p90: percentile(times, 90),
      max: Math.max(...times),
    });
    const first = row('the first check answered 200', frenoMs);
    return [
      {
        title: 'Start',
        columns: [
          { key: 'what', title: 'from the start of the process to' },
          { key: 'p50', title: 'p50 ms' },
          { key: 'p90', title: 'p90 ms' },
          { key: 'max', title: 'max ms' },
        ],
        rows: [first, row('the end of a Node that does nothing', nodeMs)],
        notes: [
          `${starts} starts with an empty data directory and one cluster of ${HOSTS} ` +
            'hosts; asked again every 10 ms.',
        ],
        demands: [
          {
            what: 'start of the process to the first check answered 200, p50 ms',
            demanded: 'within 1,000',
            measured: first.p50,
          },
        ],
      },
    ];
  },
};

/** What the machine takes for Node itself. */
async function startOfNode(): Promise<number> {
  const startedMs = performance.now();
  const child = spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' });
  await new Promise((resolve) => child.once('exit', resolve));
  return performance.now() - startedMs;
}
