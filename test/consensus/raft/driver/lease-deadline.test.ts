/** The lease of a leader, counted by its driver. */
import { expect } from 'chai';
import { LeaderLease } from '../../../../src/consensus/raft/driver/lease-deadline.js';

/** Until when it holds once a majority has confirmed that round. */
function heldUntil(lease: LeaderLease, round: number): number {
  lease.confirmed(round, 100);
  return lease.untilMs;
}

describe('leader lease', () => {
  it('counts leader lease from the sending of the newest round confirmed by a majority', () => {
    const lease = new LeaderLease(1);
    lease.roundBegins(1, 1000);
    lease.roundBegins(2, 1040);
    expect(heldUntil(lease, 1)).to.equal(1100);
    lease.roundBegins(3, 1080);
    expect(heldUntil(lease, 3)).to.equal(1180);
    expect(heldUntil(lease, 3)).to.equal(1180);
  });

  it('ends leader lease when no round carries it, and ignores an old round afterwards', () => {
    const lease = new LeaderLease(1);
    lease.roundBegins(1, 1000);
    expect(heldUntil(lease, 1)).to.equal(1100);
    lease.roundBegins(2, 1050);
    expect(heldUntil(lease, 0)).to.equal(0);
    expect(heldUntil(lease, 1)).to.equal(0);
    expect(heldUntil(lease, 2)).to.equal(1150);
  });

  it('forgets the oldest rounds that get no response', () => {
    const lease = new LeaderLease(1);
    for (let round = 1; round <= 1_025; round++) lease.roundBegins(round, round);
    expect(heldUntil(lease, 1)).to.equal(0);
    expect(heldUntil(lease, 2)).to.equal(102);
  });

  it('extends leader lease by a share of the lockout of a majority, once more is known', () => {
    const lease = new LeaderLease(0.9);
    lease.roundBegins(1, 1000);
    lease.confirmed(1, 100);
    expect(lease.untilMs).to.equal(1090);
    lease.confirmed(1, 300);
    expect(lease.untilMs).to.equal(1270);
    lease.confirmed(1, 0);
    expect(lease.untilMs).to.equal(1000);
  });
});
