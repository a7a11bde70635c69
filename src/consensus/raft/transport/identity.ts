/** What two nodes say of themselves when they meet, and whether they belong together. */
import type { Greeting } from '../codec/handshake.js';
import type { NodeId } from '../core/types.js';

interface PeerIdentity {
  readonly protocolVersion: number;
  readonly clusterName: string;
  readonly node: NodeId;
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
      `it belongs to cluster "${theirs.clusterName}", ` +
      `this node to "${expected.clusterName}" (RaftClusterName)`
    );
  }
  if (theirs.node !== expected.node) return `it is node ${theirs.node}, not ${expected.node}`;
  return null;
}

/**
 * How the data of two nodes of one cluster name differ, in words; null: they may be of one cluster.
 * A node that knows no id yet fits to any.
 */
export function clusterMismatch(theirs: Greeting, own: Greeting): string | null {
  if (theirs.clusterId === '' || own.clusterId === '') return null;
  if (theirs.clusterId === own.clusterId) return null;
  return (
    `its data are of cluster ${theirs.clusterId}, ` +
    `those of this node of ${own.clusterId}: both have the name, but not the log`
  );
}
