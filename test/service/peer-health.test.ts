/** The health of stores at peers, on the board. */
import { expect } from 'chai';
import { Board, emptyStoreReading } from '../../src/board/board.js';
import type { StoreLocation } from '../../src/contracts/http.js';
import { BoardPeerHealth } from '../../src/service/peer-health.js';

const STORES: readonly StoreLocation[] = [
  {
    ...{ name: 'main1', slot: 0 },
    metrics: [
      { name: 'lag', slot: 0, mode: 'enforce' },
      { name: 'threads_running', slot: 2, mode: 'enforce' },
    ],
  },
  { name: 'main2', slot: 1, metrics: [{ name: 'lag', slot: 1, mode: 'enforce' }] },
];

describe('the health of stores at peers', () => {
  it('holds for every metric of a store, and ends with the report', () => {
    const board = Board.create(3);
    const health = new BoardPeerHealth(board, () => STORES);
    const published = (): unknown[] =>
      [0, 1, 2].map((slot) => [
        board.readStore(slot, emptyStoreReading()).unhealthyAtPeersUntilMs,
        board.readUnhealthyDomains(slot),
      ]);
    health.setUnhealthyAtPeers(new Map([['main1', { untilMs: 7, domains: ['east', 'west'] }]]));
    expect(published()).to.deep.equal([
      [7, 'east, west'],
      [0, ''],
      [7, 'east, west'],
    ]);
    health.setUnhealthyAtPeers(new Map());
    expect(published()).to.deep.equal(Array(3).fill([0, '']));
  });
});
