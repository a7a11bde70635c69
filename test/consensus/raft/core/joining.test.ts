/** A node with an empty disk: it neither votes nor counts until it has all again. */
import { expect } from 'chai';
import { CoreCluster } from './support/cluster.js';

const ELECTION_TICKS = 10;

describe('a node that lost its disk', () => {
  it('does not help to elect a leader without what it had acknowledged', () => {
    const cluster = new CoreCluster(3);
    const leader = cluster.elect();
    const b = cluster.node('b');
    cluster.isolate('c').propose(leader, 'x');
    expect(b.terms).to.deep.equal([1, 1]);
    cluster.heal().isolate('a');
    b.loseDisk();
    b.core.clusterHoldsData();
    cluster.tick(20 * ELECTION_TICKS);
    expect(cluster.leaders).to.deep.equal([]);
    cluster.heal().tick(5 * ELECTION_TICKS);
    expect(cluster.node('c').commands).to.deep.equal(['x']);
    expect(b.commands).to.deep.equal(['x']);
  });

  it('does not vote for a candidate that has entries, without any greeting', () => {
    const cluster = new CoreCluster({
      a: { log: [1] },
      b: { joining: true },
      c: { joining: true },
    });
    cluster.tick(20 * ELECTION_TICKS);
    expect(cluster.leaders).to.deep.equal([]);
    expect(cluster.node('b').joining).to.equal(true);
  });

  it('does not count for commits before it has joined', () => {
    const cluster = new CoreCluster(3);
    const leader = cluster.elect();
    const b = cluster.node('b');
    cluster.isolate('c');
    b.loseDisk();
    leader.core.unreachable('b');
    cluster.hold(({ kind }) => kind === 'appendResponse');
    leader.proposeFor(['b'], 'x');
    cluster.tick(1);
    const responses = cluster.sentOf('appendResponse').filter(({ from }) => from === 'b');
    expect(responses.at(-1)).to.include({ joining: true });
    expect(leader.commands).to.deep.equal([]);
  });

  it('joins when it holds a committed entry of the present leader, and then votes', () => {
    const cluster = new CoreCluster(3);
    const leader = cluster.elect();
    const b = cluster.node('b');
    cluster.propose(leader, 'x');
    b.loseDisk();
    b.core.clusterHoldsData();
    leader.core.unreachable('b');
    cluster.tick(2 * ELECTION_TICKS);
    expect(b.commands).to.deep.equal(['x']);
    expect(b.joining).to.equal(false);
    cluster.isolate('a').tick(6 * ELECTION_TICKS);
    expect(cluster.leaders).to.include.oneOf(['b', 'c']);
  });

  it('joins by a snapshot and what follows it', () => {
    const cluster = new CoreCluster(3);
    const leader = cluster.elect();
    cluster.propose(leader, 'x');
    leader.compact(2);
    const b = cluster.node('b');
    b.loseDisk();
    b.core.clusterHoldsData();
    leader.core.unreachable('b');
    cluster
      .tick(2 * ELECTION_TICKS)
      .propose(leader, 'y')
      .tick(ELECTION_TICKS);
    expect(b.commands).to.deep.equal(['x', 'y']);
    expect(b.joining).to.equal(false);
  });

  it('takes over no leadership that is offered to it', () => {
    const cluster = new CoreCluster(3);
    const leader = cluster.elect();
    cluster.isolate('c');
    const b = cluster.node('b');
    b.loseDisk();
    leader.core.unreachable('b');
    b.core.clusterHoldsData();
    cluster.hold(({ kind }) => kind === 'append').tick(2);
    cluster.deliver({ kind: 'timeoutNow', from: 'a', to: 'b', term: leader.term, round: 99 });
    cluster.settle();
    expect(b.role).to.equal('follower');
  });
});

describe('a new cluster', () => {
  it('elects a leader among nodes of which none has ever held anything', () => {
    const joining = { joining: true };
    const cluster = new CoreCluster({ a: joining, b: joining, c: joining });
    const leader = cluster.elect();
    cluster.propose(leader, 'x').tick(2);
    expect(cluster.nodes.map((node) => node.joining)).to.deep.equal([false, false, false]);
    expect(cluster.node('c').commands).to.deep.equal(['x']);
  });

  it('takes a node in that starts after the first election', () => {
    const joining = { joining: true };
    const cluster = new CoreCluster({ a: joining, b: joining, c: joining }).isolate('c');
    cluster.propose(cluster.elect(), 'x').heal();
    cluster.tick(3 * ELECTION_TICKS);
    expect(cluster.node('c').joining).to.equal(false);
    expect(cluster.node('c').commands).to.deep.equal(['x']);
  });
});

describe('a node that was alone, with a list of several', () => {
  const joining = { joining: true };

  it('is elected by nodes with empty disks, and by no other way', () => {
    const founder = { log: [1, 1], founding: true };
    const cluster = new CoreCluster({ a: joining, b: founder, c: joining });
    for (const id of ['a', 'c']) cluster.node(id).core.clusterHoldsData();
    const leader = cluster.elect();
    expect(leader.id).to.equal('b');
    cluster.tick(2 * ELECTION_TICKS);
    expect(cluster.nodes.map(({ terms }) => terms.slice(0, 2))).to.deep.equal([
      [1, 1],
      [1, 1],
      [1, 1],
    ]);
    expect(cluster.nodes.map((node) => node.joining)).to.deep.equal([false, false, false]);
  });

  it('founds the cluster once: a later vote for it needs nodes that have joined', () => {
    const cluster = new CoreCluster({ a: { log: [1], founding: true }, b: joining, c: joining });
    const leader = cluster.elect();
    expect(leader.id).to.equal('a');
    expect(leader.founding).to.equal(false);
    cluster.propose(leader, 'x').tick(ELECTION_TICKS);
    const b = cluster.node('b');
    b.loseDisk();
    b.core.clusterHoldsData();
    cluster.isolate('c');
    leader.restart();
    cluster.tick(10 * ELECTION_TICKS);
    expect(cluster.leaders).to.deep.equal([]);
  });
});
