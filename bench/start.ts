/** Benchmark: from the start of the process to the first check that is answered 200. */

import { spawn } from 'node:child_process';
import { FrenoProcess } from '../src/demo/freno-process.js';
import type { Benchmark } from './support/benchmark.js';
import { checkPath, clustersOf, configurationOf, ownDirectory, ownFleet } from './support/freno.js';
import { median, percentile } from './support/statistics.js';

const HOSTS = 3;
const TIMEOUT_MS = 20_000;

export const start: Benchmark = {
  name: 'start',
  title: 'process start to the first check answered 200',
  async run(context) {
    const starts = context.quick ? 5 : 20;
    const fleet = await ownFleet(context, HOSTS);
    const directory = ownDirectory(context).path;
    const settings = { clusters: clustersOf(fleet.hosts, HOSTS) };
    const frenoMs: number[] = [];
    const nodeMs: number[] = [];
    for (let number = 0; number < starts; number++) {
      context.progress(`start: ${number + 1} of ${starts}`);
      nodeMs.push(await startOfNode());
      const configuration = await configurationOf(settings, directory);
      const startedMs = performance.now();
      const freno = context.own(new FrenoProcess(configuration, directory));
      await freno.waitFor(checkPath('c0'), 200, TIMEOUT_MS);
      frenoMs.push(performance.now() - startedMs);
      await context.release(freno);
    }
    const row = (what: string, times: readonly number[]) => ({
      what,
      p50: median(times),
      p90: percentile(times, 90),
      max: Math.max(...times),
    });
    return [
      {
        title: 'Start',
        columns: [
          { key: 'what', title: 'from the start of the process to' },
          { key: 'p50', title: 'p50 ms' },
          { key: 'p90', title: 'p90 ms' },
          { key: 'max', title: 'max ms' },
        ],
        rows: [
          row('the first check answered 200', frenoMs),
          row('the end of a Node that does nothing', nodeMs),
        ],
        notes: [
          `${starts} starts with an empty data directory and one cluster of ${HOSTS} hosts; asked again every 10 ms.`,
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
