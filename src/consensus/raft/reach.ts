/** Which nodes this one reaches, and whether they are a majority. */
import type { MajorityStatus } from '../../contracts/consensus.js';
import { majorityOf } from './core/quorum.js';
import type { NodeId } from './core/types.js';

/** Of each peer: null when messages reach it, else why they do not. */
export type PeerFaults = ReadonlyMap<NodeId, string | null>;

export interface Reach {
  readonly nodes: number;
  /** A majority of `nodes`. */
  readonly needed: number;
  /** The peers that this node reaches. */
  readonly peers: readonly NodeId[];
  /** Those peers, and this node. */
  readonly reached: number;
  /** Why the other peers are not reached. */
  readonly unreachable: ReadonlyMap<NodeId, string>;
}

export function reachOf(faults: PeerFaults): Reach {
  const peers: NodeId[] = [];
  const unreachable = new Map<NodeId, string>();
  for (const [peer, fault] of faults) {
    if (fault === null) peers.push(peer);
    else unreachable.set(peer, fault);
  }
  const nodes = faults.size + 1;
  return { nodes, needed: majorityOf(nodes), peers, reached: peers.length + 1, unreachable };
}

export function hasMajority({ reached, needed }: Reach): boolean {
  return reached >= needed;
}

/** `cannot reach b:1 (connect ECONNREFUSED), c:1 (…)`; null when all are reached. */
export function unreachableText({ unreachable }: Reach): string | null {
  if (unreachable.size === 0) return null;
  const peers = [...unreachable].map(([peer, fault]) => `${peer} (${fault})`);
  return `cannot reach ${peers.join(', ')}`;
}

export function majorityStatus({ nodes, needed, reached, unreachable }: Reach): MajorityStatus {
  return {
    Nodes: nodes,
    Needed: needed,
    Reached: reached,
    Unreachable: Object.fromEntries(unreachable),
  };
}
