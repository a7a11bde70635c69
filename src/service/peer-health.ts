/** Writes to the board which stores are unhealthy at leaders that share a domain. */
import type { Board } from '../board/board.js';
import type { StoreLocation } from '../contracts/http.js';
import type { PeerHealthSink, UnhealthyAtPeers } from '../contracts/peer-health.js';

const HEALTHY: UnhealthyAtPeers = { untilMs: 0, domains: [] };

export class BoardPeerHealth implements PeerHealthSink {
  readonly #board: Board;
  readonly #stores: () => readonly StoreLocation[];

  constructor(board: Board, stores: () => readonly StoreLocation[]) {
    this.#board = board;
    this.#stores = stores;
  }

  /** For each metric: a check reads the slots of those that apply to it, and no others. */
  setUnhealthyAtPeers(reports: ReadonlyMap<string, UnhealthyAtPeers>): void {
    for (const { name, metrics } of this.#stores()) {
      const { untilMs, domains } = reports.get(name) ?? HEALTHY;
      for (const { slot } of metrics) {
        this.#board.publishUnhealthyAtPeers(slot, untilMs, domains.join(', '));
      }
    }
  }
}
