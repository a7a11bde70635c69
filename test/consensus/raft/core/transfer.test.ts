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

  it('can go back and forth at once', () => {
    const cluster = new CoreCluster(3);
    cluster.elect();
    for (const to of ['b', 'a', 'c', 'b']) {
      const [from] = cluster.leaders;
      cluster.node(from!).core.transferLeadership(to);
      expect(cluster.settle().leaders).to.deep.equal([to]);
    }
  });

  it('without a name goes to the live follower that has the most', () => {
    const cluster = new CoreCluster(3);
    const leader = cluster.elect();
    cluster.isolate('b').propose(leader, 'x');
    expect(leader.core.transferLeadership()).to.equal(true);
    cluster.settle();
    expect(cluster.leaders).to.include('c');
  });

  it('first brings a slow follower up to date', () => {
    const cluster = new CoreCluster(3);
    const leader = cluster.elect();
    cluster.isolate('c').propose(leader, 'x', 'y').heal();
    leader.core.transferLeadership('c');
    expect(cluster.settle().leaders).to.deep.equal(['a']);
    cluster.tick(4);
    expect(cluster.leaders).to.deep.equal(['c']);
    expect(cluster.node('c').commands).to.deep.equal(['x', 'y']);
  });

  it('works to a follower that needs a snapshot first', () => {
    const cluster = new CoreCluster(3);
    const leader = cluster.elect();
    cluster.isolate('c').propose(leader, 'x', 'y');
    leader.compact(3);
    cluster.heal();
    leader.core.transferLeadership('c');
    expect(cluster.tick(6).leaders).to.deep.equal(['c']);
  });

  it('is given up after an election time-out, and the leader goes on', () => {
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

  it('ends with a later promise: an offer from before is not taken', () => {
    const cluster = new CoreCluster(3);
    const leader = cluster.elect();
    cluster.hold(({ kind }) => kind === 'timeoutNow');
    leader.core.transferLeadership('c');
    cluster.settle().tick(20);
    expect(leader.core.soft.transferTo).to.equal(null);
    cluster.deliver(cluster.held[0]!).settle();
    expect(cluster.node('c').core.soft).to.include({ role: 'follower', leader: 'a', term: 1 });
  });

  it('is refused while one is under way, to strangers, to oneself and on followers', () => {
    const cluster = new CoreCluster(3);
    const leader = cluster.elect();
    expect(leader.core.transferLeadership('stranger')).to.equal(false);
    expect(leader.core.transferLeadership('a')).to.equal(false);
    expect(cluster.node('b').core.transferLeadership('c')).to.equal(false);
    expect(leader.core.transferLeadership('b')).to.equal(true);
    expect(leader.core.transferLeadership('c')).to.equal(false);
  });

  it('has nobody to go to on a single node', () => {
    expect(new CoreCluster(1).elect().core.transferLeadership()).to.equal(false);
  });

  it('loses no command', () => {
    const cluster = new CoreCluster(3);
    const leader = cluster.elect();
    leader.propose('x');
    leader.core.transferLeadership('c');
    cluster.settle();
    expect(cluster.leaders).to.deep.equal(['c']);
    for (const { commands } of cluster.tick(3).nodes) expect(commands).to.deep.equal(['x']);
  });
});
