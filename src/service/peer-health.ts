/** Writes to the board which stores are unhealthy at leaders that share a domain. */
import type { Board } from '../board/board.js';
import type { StoreLocation } from '../contracts/http.js';
import type { PeerHealthSink } from '../contracts/peer-health.js';

export class BoardPeerHealth implements PeerHealthSink {
  readonly #board: Board;
  readonly #stores: () => readonly StoreLocation[];

  constructor(board: Board, stores: () => readonly StoreLocation[]) {
    this.#board = board;
    this.#stores = stores;
  }

  setUnhealthyAtPeers(untilMs: ReadonlyMap<string, number>): void {
    for (const { name, slot } of this.#stores()) {
      this.#board.publishUnhealthyAtPeers(slot, untilMs.get(name) ?? 0);
    }
  }
}
