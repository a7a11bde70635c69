/**
 * Benchmark: what a hundred thousand entries cost: writing them, a restart with them, and bringing
 * an empty node up to them.
 */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { FrenoNode } from '../src/demo/freno-node.js';
import type { Benchmark, BenchmarkContext } from './support/benchmark.js';
import { leaderOf, ownCluster } from './support/cluster.js';
import { ownNodes, START_TIMEOUT_MS } from './support/freno.js';
import { LoadGenerator } from './support/load.js';
import type { ReportTable } from './support/report.js';

const ENTRIES = 100_000;
/** Changes whose traces on disk are looked at, of how many apps. */
const CHANGES = 20_000;
const CHANGED_APPS = 1_000;
const CLIENTS = 64;
const FILL_TIMEOUT_MS = 120_000;
const CATCH_UP_TIMEOUT_MS = 60_000;
/** Status of a check by an app that is throttled. */
const DENIED = 417;

export const restart: Benchmark = {
  name: 'restart',
  title: 'snapshots and restarts with 100,000 entries',
  async run(context) {
    const entries = context.quick ? ENTRIES / 10 : ENTRIES;
    const changesMegabytes = await diskOfChanges(context);
    const rows = [...(await restartAlone(context, entries)), ...(await catchUp(context, entries))];
    return [
      {
        title: `${entries.toLocaleString('en')} throttled apps`,
        columns: [
          { key: 'what', title: 'what' },
          { key: 'value', title: 'value', digits: 2 },
          { key: 'unit', title: 'unit' },
        ],
        rows,
        demands: [
          {
            what:
              `on disk after ${CHANGES.toLocaleString('en')} changes of ` +
              `${CHANGED_APPS.toLocaleString('en')} apps, MB`,
            demanded: 'less than 32',
            measured: changesMegabytes,
            digits: 2,
          },
        ],
        notes: [
          'Each entry is a control request of its own; snapshots are taken on the way, ' +
            'every 8,192 entries. The longest answer shows what a snapshot costs a client.',
        ],
      } satisfies ReportTable,
    ];
  },
};

/** Megabytes, while the node that took them runs. */
async function diskOfChanges(context: BenchmarkContext): Promise<number> {
  const [node] = await ownCluster(context, 1, { clusters: {} });
  await fill(context, node!, CHANGES, CHANGED_APPS);
  const megabytes = diskBytes(node!) / 2 ** 20;
  await context.stopAll();
  return megabytes;
}

/** A node alone: fill, kill -9, start again. */
async function restartAlone(
  context: BenchmarkContext,
  entries: number,
): Promise<ReportTable['rows']> {
  const [node] = await ownCluster(context, 1, { clusters: {} });
  const filled = await fill(context, node!, entries);
  node!.process.signal('SIGKILL');
  await node!.process.exited;
  const startedMs = performance.now();
  await node!.start().waitFor('/leader-check', 200, START_TIMEOUT_MS);
  const tookMs = performance.now() - startedMs;
  await expectEntries(node!, entries);
  const diskMegabytes = diskBytes(node!) / 2 ** 20;
  await context.stopAll();
  return [
    { what: 'one node: entries written per second', value: filled.perSecond, unit: '/s' },
    { what: 'one node: longest answer meanwhile', value: filled.maxMs, unit: 'ms' },
    { what: 'one node: kill -9 and start to /leader-check 200', value: tookMs / 1000, unit: 's' },
    { what: 'one node: on disk', value: diskMegabytes, unit: 'MB' },
  ];
}

/**
 * Three nodes, one of them down while the others are filled: the time from its start to all
 * entries.
 */
async function catchUp(context: BenchmarkContext, entries: number): Promise<ReportTable['rows']> {
  const nodes = await ownNodes(context, 3, { clusters: {} });
  const [first, second, empty] = nodes;
  first!.start();
  second!.start();
  const filled = await fill(context, await leaderOf([first!, second!]), entries);
  const startedMs = performance.now();
  // Cheaper to ask again and again than for the whole list: the app of the last entry is denied
  // once it is there.
  const last = `/check/app${entries - 1}/mysql/any`;
  await empty!.start().waitFor(last, DENIED, CATCH_UP_TIMEOUT_MS);
  const tookMs = performance.now() - startedMs;
  await expectEntries(empty!, entries);
  await context.stopAll();
  return [
    { what: 'two of three nodes: entries written per second', value: filled.perSecond, unit: '/s' },
    { what: 'two of three nodes: longest answer meanwhile', value: filled.maxMs, unit: 'ms' },
    {
      what: 'third node: start with an empty disk to all entries',
      value: tookMs / 1000,
      unit: 's',
    },
  ];
}

/** Sends so many changes, of `apps` apps in turn: of another each unless given. */
async function fill(context: BenchmarkContext, leader: FrenoNode, changes: number, apps = changes) {
  context.progress(`restart: ${changes} changes`);
  const generator = context.own(new LoadGenerator());
  const load = await generator.run({
    port: leader.port,
    method: 'GET',
    path: '/throttle-app/app{n}/ttl/600/ratio/1',
    distinct: apps,
    requests: changes,
    connections: CLIENTS,
    durationMs: FILL_TIMEOUT_MS,
  });
  await context.release(generator);
  if (load.failures > 0) throw new Error(`${load.failures} of ${load.requests} failed`);
  return { perSecond: load.requests / load.seconds, maxMs: load.maxMicros / 1000 };
}

async function expectEntries(node: FrenoNode, entries: number): Promise<void> {
  const response = await fetch(`${node.url}/throttled-apps`);
  const present = Object.keys((await response.json()) as Record<string, unknown>).length;
  if (present !== entries) throw new Error(`${present} of ${entries} entries are there`);
}

function diskBytes({ configuration }: FrenoNode): number {
  const directory = String(configuration.RaftDataDir);
  return readdirSync(directory).reduce(
    (sum, file) => sum + statSync(join(directory, file)).size,
    0,
  );
}
