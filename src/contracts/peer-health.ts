/** What leaders of other domains say of the stores. */

export interface PeerHealthSink {
  /**
   * By store name, `monotonicMs()` until which it counts as unhealthy there; a store that is not
   * named counts as healthy. Replaces what was said before.
   */
  setUnhealthyAtPeers(untilMs: ReadonlyMap<string, number>): void;
}
