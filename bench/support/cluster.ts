/** Waits for the leader of several nodes. */
import { setTimeout as delay } from 'node:timers/promises';
import type { FrenoNode } from '../../src/demo/freno-node.js';
import { until } from '../../test/support/until.js';
import type { BenchmarkContext } from './benchmark.js';
import { type NodeSettings, ownNodes, START_TIMEOUT_MS } from './freno.js';

/**
 * Time in which a cluster settles: a node grants no vote for one election timeout after its own
 * start.
 */
const SETTLE_MS = 1_000;

/** Starts that many nodes and waits until one leads and the others follow. */
export async function ownCluster(
  context: BenchmarkContext,
  count: number,
  settings: NodeSettings,
): Promise<FrenoNode[]> {
  const nodes = await ownNodes(context, count, settings);
  for (const node of nodes) node.start();
  await leaderOf(nodes);
  await settled(nodes);
  return nodes;
}

/** The node that answers `/leader-check` with 200, as soon as one does. */
export async function leaderOf(nodes: readonly FrenoNode[]): Promise<FrenoNode> {
  const log = (): string => nodes[0]?.process.log ?? '';
  return until(
    async () => {
      const running = nodes.filter((node) => node.running);
      if (running.length === 0) throw new Error(`no node runs:\n${log()}`);
      const asked = running.map((node) => node.process.status('/leader-check'));
      return running[(await Promise.all(asked)).indexOf(200)];
    },
    START_TIMEOUT_MS,
    () => `a leader\n${log()}`,
  );
}

/** Resolves when every node knows the leader, and some time after. */
export async function settled(nodes: readonly FrenoNode[]): Promise<void> {
  await Promise.all(
    nodes.map((node) => node.process.waitFor('/raft/leader', 200, START_TIMEOUT_MS)),
  );
  await delay(SETTLE_MS);
}
