/** Whose log it is: node, cluster, and the list of nodes that it was used with. */
import { FrenoError } from '../../../base/errors.js';
import type { NodeId } from '../core/types.js';
import type { NodeState } from './node-state.js';
import type { StorageIdentity } from './schema.js';

/** Throws `RESOURCE` when the directory is another node's. */
export function checkIdentity(state: NodeState, identity: StorageIdentity): void {
  const { clusterName, node } = identity;
  if (state.clusterName === clusterName && state.node === node) return;
  throw new FrenoError(
    'RESOURCE',
    `it belongs to node ${state.node} of cluster ${state.clusterName}, ` +
      `this is node ${node} of cluster ${clusterName}: ` +
      'check RaftAdvertise, RaftBind and RaftClusterName, or name another RaftDataDir',
  );
}

/**
 * Throws `RESOURCE` for a node that would go on alone from the data of a cluster: it would lead
 * beside the others, and what either acknowledges would be lost when they meet again.
 */
export function checkNodes(
  state: NodeState,
  { node, nodes }: StorageIdentity,
  forceNewCluster: boolean,
): void {
  const others = othersOf(state);
  const isAlone = nodes.every((name) => name === node);
  if (!isAlone || others.length === 0 || forceNewCluster) return;
  throw new FrenoError(
    'RESOURCE',
    `it was used with other nodes (${others.join(', ')}), and RaftNodes now names none: ` +
      'this node would lead beside them. Put them back in RaftNodes; ' +
      'if they are lost for good, start this node once with --force-new-cluster',
  );
}

/**
 * How many nodes were added or removed since the data were used last. 0 for a node that was alone,
 * or is now: there is no majority beside it.
 */
export function listChanges(state: NodeState, { nodes }: StorageIdentity): number {
  if (state.nodes === null || state.nodes.length <= 1 || nodes.length <= 1) return 0;
  const before = new Set(state.nodes);
  const kept = nodes.filter((name) => before.has(name)).length;
  return before.size - kept + (nodes.length - kept);
}

/**
 * Whether the data are those of a node that was alone until now, and `nodes` names others: all that
 * was ever acknowledged is in its log.
 */
export function isFounding(
  { node, nodes: before, joining }: NodeState,
  nodes: readonly NodeId[],
): boolean {
  const wasAlone = before?.every((name) => name === node) ?? false;
  return wasAlone && !joining && nodes.some((name) => name !== node);
}

/** A file of format 1 has no list, but a vote for another node shows that there was one. */
function othersOf({ nodes, node, hardState: { vote } }: NodeState): readonly NodeId[] {
  const known = nodes ?? (vote === null ? [] : [vote]);
  return known.filter((name) => name !== node);
}
