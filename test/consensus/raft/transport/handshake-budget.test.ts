/** How many TLS handshakes strangers get. */
import { expect } from 'chai';
import { HandshakeBudget } from '../../../../src/consensus/raft/transport/handshake-budget.js';
import { PeerAddresses } from '../../../../src/consensus/raft/transport/peer-addresses.js';

describe('the budget of TLS handshakes', () => {
  let nowMs = 0;
  let peers: PeerAddresses;
  let budget: HandshakeBudget;

  beforeEach(() => {
    nowMs = 5000;
    peers = new PeerAddresses();
    budget = new HandshakeBudget(peers, () => nowMs);
  });

  function taken(address: string, attempts: number): number {
    return Array.from({ length: attempts }, () => budget.take(address)).filter(Boolean).length;
  }

  it('has fifty a second for all strangers together, and saves up no more', () => {
    expect(taken('10.0.0.1', 40) + taken('10.0.0.2', 40)).to.equal(50);
    nowMs += 100;
    expect(taken('10.0.0.3', 40)).to.equal(5);
    nowMs += 60_000;
    expect(taken('10.0.0.3', 100)).to.equal(50);
  });

  it('does not count the addresses of peers, also as IPv6 writes them', () => {
    peers.reached('node:1', '10.0.0.9');
    expect(taken('::ffff:10.0.0.9', 100)).to.equal(100);
    expect(taken('10.0.0.1', 100)).to.equal(50);
    peers.reached('node:1', '10.0.0.8');
    expect(taken('10.0.0.9', 10)).to.equal(0);
  });
});
