/** Linearizable reads, and the lease. */
import { expect } from 'chai';
import type { HeartbeatResponse } from '../../../../src/consensus/raft/core/types.js';
import type { CoreNode } from './support/cluster.js';
import { CoreCluster } from './support/cluster.js';

function contexts(node: CoreNode): number[] {
  return node.reads.map(({ context }) => context);
}

describe('raft reads', () => {
  it('grants a read after a round of heartbeats that began later', () => {
    const cluster = new CoreCluster(3);
    const leader = cluster.elect();
    cluster.propose(leader, 'x').hold(({ kind }) => kind === 'heartbeatResponse');
    leader.core.readIndex(7);
    expect(cluster.settle().node('a').reads).to.deep.equal([]);
    cluster.release();
    expect(leader.reads).to.deep.equal([{ context: 7, index: 2 }]);
  });

  it('grants a read at once on a single node', () => {
    const cluster = new CoreCluster(1);
    const leader = cluster.elect();
    leader.core.readIndex(1);
    expect(contexts(cluster.settle().node('a'))).to.deep.equal([1]);
  });

  it('refuses a read on a node that does not lead', () => {
    const cluster = new CoreCluster(3);
    cluster.elect();
    expect(cluster.node('b').core.readIndex(1)).to.equal('notLeader');
  });

  it('holds reads on a new leader until an entry of its own term is committed', () => {
    const cluster = new CoreCluster({ a: { log: [1] }, b: { log: [1] }, c: {} });
    cluster.hold(({ kind }) => kind === 'appendResponse');
    const leader = cluster.elect();
    leader.core.readIndex(1);
    cluster.tick(4);
    expect(leader.reads).to.deep.equal([]);
    cluster.release();
    expect(leader.reads).to.deep.equal([{ context: 1, index: 2 }]);
    expect(leader.commands).to.deep.equal(['1@1']);
  });

  it('loses a read when another node became leader, and does not grant it', () => {
    const cluster = new CoreCluster(3);
    const old = cluster.elect();
    cluster.isolate(old.id).tick(20, 'b', 'c');
    old.core.readIndex(1);
    cluster.settle().heal().tick(20);
    expect(old.role).to.equal('follower');
    expect(contexts(old)).to.deep.equal([]);
    expect(old.readsLost).to.deep.equal([1]);
  });

  it('grants a context twice by one round when it was requested twice', () => {
    const cluster = new CoreCluster(3);
    const leader = cluster.elect();
    const before = cluster.sentOf('heartbeat').length;
    leader.core.readIndex(5);
    leader.core.readIndex(5);
    expect(contexts(cluster.settle().node('a'))).to.deep.equal([5, 5]);
    expect(cluster.sentOf('heartbeat').length - before).to.equal(2);
  });

  it('grants no read by responses to an older round', () => {
    const cluster = new CoreCluster(3);
    const leader = cluster.elect();
    cluster.hold(({ kind }) => kind === 'heartbeatResponse').tick(2);
    const old = cluster.held.splice(0);
    cluster.hold(({ kind }) => kind === 'heartbeat');
    leader.core.readIndex(1);
    cluster.settle();
    for (const response of old) cluster.deliver(response);
    expect(contexts(cluster.settle().node('a'))).to.deep.equal([]);
    cluster.release();
    expect(contexts(leader)).to.deep.equal([1]);
  });

  it('grants a read by the next heartbeats when its own were lost', () => {
    const cluster = new CoreCluster(3);
    const leader = cluster.elect();
    cluster.isolate('a');
    leader.core.readIndex(1);
    cluster.settle().heal().tick(2);
    expect(contexts(leader)).to.deep.equal([1]);
  });

  it('refuses reads beyond the limit', () => {
    const cluster = new CoreCluster(3, { maxPendingReads: 1 });
    const leader = cluster.elect();
    expect(leader.core.readIndex(1)).to.equal(null);
    expect(leader.core.readIndex(2)).to.equal('overloaded');
  });

  it('holds reads while leadership is handed over', () => {
    const cluster = new CoreCluster(3);
    const leader = cluster.elect();
    cluster.hold(({ kind }) => kind === 'timeoutNow');
    leader.core.transferLeadership('b');
    leader.core.readIndex(1);
    expect(contexts(cluster.tick(8).node('a'))).to.deep.equal([]);
    cluster.tick(3);
    expect(contexts(leader)).to.deep.equal([1]);
  });
});

describe('raft leader lease', () => {
  it('counts the lease from the latest round with responses of a majority', () => {
    const cluster = new CoreCluster(3);
    const leader = cluster.elect();
    const { leaseRound } = leader.core.soft;
    expect(leaseRound).to.be.greaterThan(0);
    cluster.isolate('b').tick(2);
    expect(leader.core.soft.leaseRound).to.equal(leaseRound + 1);
    cluster.isolate('c').tick(2);
    expect(leader.core.soft.leaseRound).to.equal(leaseRound + 1);
  });

  it('lasts the lease as long as the lockout of some majority, not the leader’s own', () => {
    const cluster = new CoreCluster({
      a: { lockoutMs: 5 },
      b: { lockoutMs: 3 },
      c: { lockoutMs: 7 },
    });
    const leader = cluster.elect();
    expect(leader.core.soft.leaseLockoutMs).to.equal(7);
    cluster.isolate('c').tick(2);
    expect(leader.core.soft.leaseLockoutMs).to.equal(3);
    cluster.heal().tick(2);
    expect(leader.core.soft.leaseLockoutMs).to.equal(7);
  });

  it('lasts the lease as long as the two longest lockouts of four followers', () => {
    const lockouts = { b: 1, c: 4, d: 2, e: 3 };
    const followers = Object.entries(lockouts).map(([id, lockoutMs]) => [id, { lockoutMs }]);
    const leader = new CoreCluster({ a: {}, ...Object.fromEntries(followers) }).elect();
    expect(leader.core.soft.leaseLockoutMs).to.equal(3);
  });

  it('holds no lease while followers report no lockout', () => {
    const cluster = new CoreCluster(3);
    cluster.hold(({ kind }) => kind === 'heartbeatResponse');
    const leader = cluster.elect();
    for (const response of cluster.held.splice(0)) {
      cluster.deliver({ ...response, lockoutMs: 0 } as HeartbeatResponse);
    }
    cluster.settle();
    expect(leader.core.soft.leaseRound).to.be.greaterThan(0);
    expect(leader.core.soft.leaseLockoutMs).to.equal(0);
  });

  it('reports the round of a lease before its heartbeats are sent', () => {
    const { core } = new CoreCluster(1).tick(1).node('a');
    core.tick();
    core.tick();
    const { round, soft } = core.ready();
    expect(round).to.be.greaterThan(0);
    expect(soft.leaseRound).to.equal(round);
    expect(core.ready().round).to.equal(0);
  });

  it('releases the lease before leadership is offered', () => {
    const cluster = new CoreCluster(3);
    const { core } = cluster.elect();
    core.transferLeadership('b');
    const ready = core.ready();
    expect(ready.messages.map(({ kind }) => kind)).to.deep.equal(['timeoutNow']);
    expect(ready.soft).to.include({ role: 'leader', leaseRound: 0, transferTo: 'b' });
  });

  it('holds a lease again after an abandoned transfer, by a later round', () => {
    const cluster = new CoreCluster(3);
    const leader = cluster.elect();
    cluster.hold(({ kind }) => kind === 'timeoutNow');
    leader.core.transferLeadership('b');
    const lastRound = cluster.settle().sentOf('heartbeat').at(-1)!.round;
    cluster.tick(9);
    expect(leader.core.soft.leaseRound).to.equal(0);
    cluster.tick(1);
    expect(leader.core.soft.leaseRound).to.be.greaterThan(lastRound);
  });

  it('keeps the lease when an offer arrives after its transfer was abandoned', () => {
    const cluster = new CoreCluster(3);
    const leader = cluster.elect();
    cluster.hold(({ kind }) => kind === 'timeoutNow');
    leader.core.transferLeadership('b');
    cluster.tick(10).isolate('b');
    cluster.tick(2).heal();
    expect(leader.core.soft.leaseRound).to.be.greaterThan(0);
    cluster.release();
    expect(cluster.leaders).to.deep.equal([leader.id]);
  });

  it('keeps the lease when a candidate stands late on an earlier offer', () => {
    const cluster = new CoreCluster(3);
    const leader = cluster.elect();
    cluster.hold(({ kind }) => kind === 'vote');
    leader.core.transferLeadership('b');
    cluster.settle();
    expect(cluster.node('b').role).to.equal('candidate');
    const ballots = cluster.held.splice(0);
    cluster
      .hold(() => false)
      .isolate('b')
      .tick(12);
    expect(leader.core.soft.leaseRound).to.be.greaterThan(0);
    for (const ballot of ballots) cluster.deliver(ballot);
    cluster.settle();
    expect(cluster.node('c').term).to.equal(1);
    expect(leader.core.soft).to.include({ role: 'leader', term: 1 });
  });

  it('keeps the lockout of voters that see a higher term right after a heartbeat', () => {
    const cluster = new CoreCluster(3);
    cluster.elect();
    const { core } = cluster.node('b');
    core.step({ kind: 'preVoteResponse', from: 'c', to: 'b', term: 5, granted: false });
    const ballot = { kind: 'vote', from: 'c', to: 'b', lastIndex: 9, lastTerm: 5 } as const;
    core.step({ ...ballot, term: 6, transferRound: 0 });
    expect(core.soft.term).to.equal(5);
    for (let tick = 0; tick < 10; tick++) core.tick();
    core.step({ ...ballot, term: core.soft.term + 1, transferRound: 0 });
    cluster.settle();
    expect(cluster.sentOf('voteResponse').at(-1)).to.include({ from: 'b', granted: true });
  });
});
