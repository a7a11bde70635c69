/** Several nodes as one: who leads, and how to wait for it. */
import { setTimeout as delay } from 'node:timers/promises';
import type { FrenoNode } from '../../src/demo/freno-node.js';
import type { BenchmarkContext } from './benchmark.js';
import { type NodeSettings, ownNodes, START_TIMEOUT_MS } from './freno.js';

const ASK_INTERVAL_MS = 10;
/** What a cluster gets to settle in: a node grants no vote for one election time-out after its own start. */
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
  const deadlineMs = performance.now() + START_TIMEOUT_MS;
  while (performance.now() < deadlineMs) {
    const running = nodes.filter((node) => node.running);
    if (running.length === 0) throw new Error(`no node runs:\n${nodes[0]?.process.log}`);
    const answers = await Promise.all(running.map((node) => node.process.status('/leader-check')));
    const leader = running[answers.indexOf(200)];
    if (leader !== undefined) return leader;
    await delay(ASK_INTERVAL_MS);
  }
  throw new Error(`no node leads after ${START_TIMEOUT_MS} ms:\n${nodes[0]?.process.log}`);
}

/** Resolves when every node knows the leader, and some time after. */
export async function settled(nodes: readonly FrenoNode[]): Promise<void> {
  await Promise.all(
    nodes.map((node) => node.process.waitFor('/raft/leader', 200, START_TIMEOUT_MS)),
  );
  await delay(SETTLE_MS);
}
