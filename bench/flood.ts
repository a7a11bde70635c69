/**
 * Benchmark: a flood of checks on the leader of three nodes: does it cause an election, and what do
 * commands take meanwhile?
 */
import { availableParallelism } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { FrenoNode } from '../src/demo/freno-node.js';
import type { Benchmark, BenchmarkContext } from './support/benchmark.js';
import { leaderOf, ownCluster } from './support/cluster.js';
import { checkPath, clustersOf, ownFleet } from './support/freno.js';
import { LoadGenerator } from './support/load.js';
import { metricOf } from './support/metrics.js';
import type { ReportTable } from './support/report.js';
import { median } from './support/statistics.js';

const NODES = 3;
const HOSTS = 10;
const CONNECTIONS = 64;
const COMMAND_INTERVAL_MS = 100;
const COMMAND = '/throttle-app/flood-bench/ttl/1/ratio/0.5';

export const flood: Benchmark = {
  name: 'flood',
  title: '64 connections of checks on the leader of three nodes: elections meanwhile',
  async run(context) {
    const seconds = context.soak ? 300 : context.quick ? 10 : 30;
    const fleet = await ownFleet(context, HOSTS);
    const nodes = await ownCluster(context, NODES, {
      clusters: clustersOf(fleet.hosts, HOSTS),
      httpWorkers: availableParallelism(),
    });
    context.progress(`flood: ${seconds} s`);
    const row = await measure(context, nodes, seconds);
    return [
      {
        title: 'A flood of checks on the leader',
        columns: COLUMNS,
        rows: [row],
        notes: [
          `${CONNECTIONS} connections ask as fast as they are answered; the leader has an ` +
            `HTTP worker for each core (${availableParallelism()}). All nodes, their disks ` +
            'and the clients share this machine.',
          'Terms: by how much the highest term that any node knows has grown. A command ' +
            `every ${COMMAND_INTERVAL_MS} ms, each committed by a majority. --soak runs for ` +
            'five minutes.',
        ],
        demands: [
          {
            what:
              `elections in ${seconds} s of a flood of ${CONNECTIONS} connections on the ` +
              'leader',
            demanded: 'none in 300 s',
            measured: row.terms,
          },
        ],
      },
    ];
  },
};

async function measure(context: BenchmarkContext, nodes: readonly FrenoNode[], seconds: number) {
  const generator = context.own(new LoadGenerator());
  const leader = await leaderOf(nodes);
  const termBefore = await highestTerm(nodes);
  const load = generator.run({
    port: leader.port,
    method: 'GET',
    path: checkPath('c0'),
    connections: CONNECTIONS,
    durationMs: seconds * 1000,
  });
  const commandsMs = await commandsDuring(load, leader);
  const { requests, failures, seconds: tookS, p99Micros } = await load;
  return {
    seconds: tookS,
    perSecond: requests / tookS,
    p99: p99Micros / 1000,
    failures,
    commands: commandsMs.length,
    commandP50: median(commandsMs),
    commandMax: Math.max(...commandsMs),
    terms: (await highestTerm(nodes)) - termBefore,
  };
}

/** Times in milliseconds of commands, one after the other, until `over` settles. */
async function commandsDuring(over: Promise<unknown>, leader: FrenoNode): Promise<number[]> {
  let ended = false;
  const end = (): void => {
    ended = true;
  };
  over.then(end, end);
  const times: number[] = [];
  while (!ended) {
    const sentMs = performance.now();
    const response = await fetch(leader.url + COMMAND);
    const body = await response.text();
    if (response.status !== 200) throw new Error(`a command was answered ${body}`);
    times.push(performance.now() - sentMs);
    await delay(COMMAND_INTERVAL_MS);
  }
  return times;
}

async function highestTerm(nodes: readonly FrenoNode[]): Promise<number> {
  const terms = await Promise.all(nodes.map((node) => metricOf(node, 'freno_raft_term')));
  return Math.max(...terms);
}

const COLUMNS: ReportTable['columns'] = [
  { key: 'seconds', title: 'seconds', digits: 1 },
  { key: 'perSecond', title: 'checks/s' },
  { key: 'p99', title: 'p99 ms', digits: 2 },
  { key: 'failures', title: 'not 200' },
  { key: 'commands', title: 'commands' },
  { key: 'commandP50', title: 'p50 ms', digits: 1 },
  { key: 'commandMax', title: 'max ms', digits: 1 },
  { key: 'terms', title: 'terms' },
];
