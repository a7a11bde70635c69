/** The health of stores as the leaders of other domains (`ShareDomain`) report it. */

export interface PeerHealthSink {
  /**
   * By store name, the `monotonicMs()` until which it counts as unhealthy at a peer; a store that
   * is not named counts as healthy. Replaces all earlier reports.
   */
  setUnhealthyAtPeers(untilMs: ReadonlyMap<string, number>): void;
}
