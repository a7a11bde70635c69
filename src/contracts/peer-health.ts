/** Where the share domain reports which stores are unhealthy at leaders of other domains. */

export interface PeerHealthSink {
  /**
   * By store name, `monotonicMs()` until which the store counts as unhealthy; a store without an
   * entry counts as healthy. Replaces what an earlier call set.
   */
  setUnhealthyAtPeers(untilMs: ReadonlyMap<string, number>): void;
}
