/** What two nodes say of themselves when they meet, and whether they belong together. */
import type { Greeting } from '../codec/handshake.js';
import type { NodeId } from '../core/types.js';

/** The peer chooses the names: a line of the log stays short. */
const NODES_SHOWN = 5;
const CHARACTERS_SHOWN = 100;

interface PeerIdentity {
  readonly protocolVersion: number;
  readonly clusterName: string;
  readonly node: NodeId;
}

/** What a peer chose, as it is quoted. */
export function shown(text: string): string {
  return text.slice(0, CHARACTERS_SHOWN);
}

/** How two nodes that should be peers differ, in words; null: they match. */
export function mismatch(theirs: PeerIdentity, expected: PeerIdentity): string | null {
  if (theirs.protocolVersion !== expected.protocolVersion) {
    return (
      `it speaks version ${theirs.protocolVersion} of the protocol, ` +
      `this node ${expected.protocolVersion}`
    );
  }
  if (theirs.clusterName !== expected.clusterName) {
    return (
      `it belongs to cluster "${shown(theirs.clusterName)}", ` +
      `this node to "${expected.clusterName}" (RaftClusterName)`
    );
  }
  if (theirs.node === expected.node) return null;
  return `it is node ${shown(theirs.node)}, not ${expected.node}`;
}

/**
 * Compares what peers say of themselves with what this node would say, and decides whether they
 * may talk to each other.
 *
 * Two lists of nodes of which one has one node more have no two majorities apart from each other:
 * that is how a cluster is changed, restart by restart. Lists that differ by more can elect two
 * leaders.
 */
export class PeerAdmission {
  constructor(
    private readonly self: NodeId,
    /** What this node says of itself now. */
    readonly own: () => Greeting,
    private readonly differingLists: Set<NodeId>,
    /** Rate-limited by the key. */
    private readonly warn: (text: string, key: string) => void,
  ) {}

  /** Why this node refuses the peer, in words that hold on both nodes; null: it does not. */
  refusalOf(peer: NodeId, theirs: Greeting): string | null {
    const own = this.own();
    const listRefusal = this.#compareLists(peer, theirs.nodes, own.nodes);
    if (theirs.clusterId !== '' && own.clusterId !== '' && theirs.clusterId !== own.clusterId) {
      return (
        `the data of ${peer} are of cluster ${shown(theirs.clusterId)}, ` +
        `those of ${this.self} of cluster ${own.clusterId} with the same RaftClusterName`
      );
    }
    return listRefusal;
  }

  /** A list that is empty was not sent: the peer is of the first release. */
  #compareLists(peer: NodeId, theirs: readonly NodeId[], own: readonly NodeId[]): string | null {
    const more = theirs.filter((node) => !own.includes(node));
    const fewer = own.filter((node) => !theirs.includes(node));
    if (theirs.length === 0 || more.length + fewer.length === 0) {
      this.differingLists.delete(peer);
      return null;
    }
    this.differingLists.add(peer);
    const parts = [
      ...(more.length > 0 ? [`has ${listed(more)}`] : []),
      ...(fewer.length > 0 ? [`lacks ${listed(fewer)}`] : []),
    ];
    const details = parts.join(' and ');
    const difference = `RaftNodes of ${peer} differs from that of ${this.self}: it ${details}`;
    this.warn(`raft: ${difference}`, `lists ${peer}`);
    if (more.length + fewer.length === 1) return null;
    return `${difference}; only one node may be added or removed at a time`;
  }
}

function listed(nodes: readonly NodeId[]): string {
  const first = nodes.slice(0, NODES_SHOWN).map(shown);
  return [...first, ...(nodes.length > first.length ? ['...'] : [])].join(', ');
}
