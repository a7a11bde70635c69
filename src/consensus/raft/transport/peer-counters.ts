/** What the connections of a node count for `/metrics`, across the node's restarts. */
export class PeerCounters {
  /** Connections closed because a frame was changed on the way. */
  checksumErrors = 0;
}
