/** The health of stores as the leaders of other domains (`ShareDomain`) report it. */

export interface UnhealthyAtPeers {
  /** `monotonicMs()` until which the store counts as unhealthy at a peer. */
  readonly untilMs: number;
  /** The domains whose leaders report it, sorted. */
  readonly domains: readonly string[];
}

export interface PeerHealthSink {
  /** By store name; a store that is not named counts as healthy. Replaces all earlier reports. */
  setUnhealthyAtPeers(reports: ReadonlyMap<string, UnhealthyAtPeers>): void;
}
