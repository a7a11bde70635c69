/**
 * Ends the leader of three nodes repeatedly: the common part of the failover benchmarks.
 */
import type { FrenoNode } from '../../src/demo/freno-node.js';
import type { BenchmarkContext } from './benchmark.js';
import { leaderOf, ownCluster, settled } from './cluster.js';
import { clustersOf, ownFleet } from './freno.js';

export const NODES = 3;
const HOSTS = 3;
const SIGNALS = ['SIGKILL', 'SIGTERM'] as const;

export interface EndedLeaders<Seen> {
  readonly signal: (typeof SIGNALS)[number];
  /** One for each time. */
  readonly seen: readonly Seen[];
}

/** Three nodes over simulated servers. */
export async function ownThreeNodes(context: BenchmarkContext): Promise<FrenoNode[]> {
  const fleet = await ownFleet(context, HOSTS);
  return ownCluster(context, NODES, { clusters: clustersOf(fleet.hosts, HOSTS) });
}

/**
 * For each signal that many times: `endLeader` sends it to the leader and returns its measurement,
 * then the node is started again. `name` is that of the benchmark.
 */
export async function endLeaders<Seen>(
  context: BenchmarkContext,
  name: string,
  trials: number,
  nodes: readonly FrenoNode[],
  endLeader: (
    leader: FrenoNode,
    signal: NodeJS.Signals,
    others: readonly FrenoNode[],
  ) => Promise<Seen>,
): Promise<Array<EndedLeaders<Seen>>> {
  const ended: Array<EndedLeaders<Seen>> = [];
  for (const signal of SIGNALS) {
    const seen: Seen[] = [];
    for (let trial = 0; trial < trials; trial++) {
      context.progress(`${name}: ${signal}, ${trial + 1} of ${trials}`);
      const leader = await leaderOf(nodes);
      const others = nodes.filter((node) => node !== leader);
      seen.push(await endLeader(leader, signal, others));
      await leader.process.exited;
      leader.start();
      await settled(nodes);
    }
    ended.push({ signal, seen });
  }
  return ended;
}
