import type { NodeId } from '../core/types.js';

/** What the connections of a node count for `/metrics`, across the node's restarts. */
export class PeerCounters {
  /** Connections closed because a frame was changed on the way. */
  checksumErrors = 0;
  /** Connections to this node's port that were refused, or closed for what they sent. */
  refusedConnections = 0;
  /** Peers whose `RaftNodes` differed from this node's when they last said what it is. */
  readonly differingLists = new Set<NodeId>();
}
