/** Leadership transfer. */
import { expect } from 'chai';
import { CoreCluster } from './support/cluster.js';

describe('raft leadership transfer', () => {
  it('makes the chosen follower leader without waiting for a time-out', () => {
    const cluster = new CoreCluster(3);
    const leader = cluster.elect();
    expect(leader.core.transferLeadership('c')).to.equal(true);
    cluster.settle();
    expect(cluster.leaders).to.deep.equal(['c']);
    expect(cluster.node('c').term).to.equal(2);
  });

  it('transfers leadership to a follower and back at once', () => {
    const cluster = new CoreCluster(3);
    cluster.elect();
    for (const to of ['b', 'a', 'c', 'b']) {
      const [from] = cluster.leaders;
      cluster.node(from!).core.transferLeadership(to);
      expect(cluster.settle().leaders).to.deep.equal([to]);
    }
  });

  it('transfers leadership to the live follower with the longest log by default', () => {
    const cluster = new CoreCluster(3);
    const leader = cluster.elect();
    cluster.isolate('b').propose(leader, 'x');
    expect(leader.core.transferLeadership()).to.equal(true);
    cluster.settle();
    expect(cluster.leaders).to.include('c');
  });

  it('brings a slow follower up to date before it offers leadership', () => {
    const cluster = new CoreCluster(3);
    const leader = cluster.elect();
    cluster.isolate('c').propose(leader, 'x', 'y').heal();
    leader.core.transferLeadership('c');
    expect(cluster.settle().leaders).to.deep.equal(['a']);
    cluster.tick(4);
    expect(cluster.leaders).to.deep.equal(['c']);
    expect(cluster.node('c').commands).to.deep.equal(['x', 'y']);
  });

  it('transfers leadership to a follower that needs a snapshot first', () => {
    const cluster = new CoreCluster(3);
    const leader = cluster.elect();
    cluster.isolate('c').propose(leader, 'x', 'y');
    leader.compact(3);
    cluster.heal();
    leader.core.transferLeadership('c');
    expect(cluster.tick(6).leaders).to.deep.equal(['c']);
  });

  it('abandons a transfer after an election time-out and keeps the leader', () => {
    const cluster = new CoreCluster(3);
    const leader = cluster.elect();
    cluster.isolate('c');
    leader.core.transferLeadership('c');
    cluster.tick(9);
    expect(leader.core.soft.transferTo).to.equal('c');
    expect(leader.propose('x')).to.deep.equal({ accepted: false, refusal: 'transferring' });
    cluster.tick(1);
    expect(leader.core.soft.transferTo).to.equal(null);
    cluster.propose(leader, 'x');
    expect(cluster.node('b').commands).to.deep.equal(['x']);
  });

  it('offers leadership again when the offer was lost', () => {
    const cluster = new CoreCluster(3);
    const leader = cluster.elect();
    cluster.hold(({ kind }) => kind === 'timeoutNow');
    leader.core.transferLeadership('c');
    expect(cluster.settle().held).to.have.length(1);
    cluster.held.pop();
    cluster.hold(() => false).tick(2);
    expect(cluster.leaders).to.deep.equal(['c']);
  });

  it('ignores an offer of leadership that is older than the lockout', () => {
    const cluster = new CoreCluster(3);
    const leader = cluster.elect();
    cluster.hold(({ kind }) => kind === 'timeoutNow');
    leader.core.transferLeadership('c');
    cluster.settle().tick(20);
    expect(leader.core.soft.transferTo).to.equal(null);
    cluster.deliver(cluster.held[0]!).settle();
    expect(cluster.node('c').core.soft).to.include({ role: 'follower', leader: 'a', term: 1 });
  });

  it('refuses a transfer during another, to unknown nodes, to itself and on followers', () => {
    const cluster = new CoreCluster(3);
    const leader = cluster.elect();
    expect(leader.core.transferLeadership('stranger')).to.equal(false);
    expect(leader.core.transferLeadership('a')).to.equal(false);
    expect(cluster.node('b').core.transferLeadership('c')).to.equal(false);
    expect(leader.core.transferLeadership('b')).to.equal(true);
    expect(leader.core.transferLeadership('c')).to.equal(false);
  });

  it('refuses a transfer on a single node', () => {
    expect(new CoreCluster(1).elect().core.transferLeadership()).to.equal(false);
  });

  it('loses no command during a transfer', () => {
    const cluster = new CoreCluster(3);
    const leader = cluster.elect();
    leader.propose('x');
    leader.core.transferLeadership('c');
    cluster.settle();
    expect(cluster.leaders).to.deep.equal(['c']);
    for (const { commands } of cluster.tick(3).nodes) expect(commands).to.deep.equal(['x']);
  });
});
