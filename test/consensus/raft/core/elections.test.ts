/** Elections: who may lead, and when. */
import { expect } from 'chai';
import { CoreCluster } from './support/cluster.js';

describe('raft elections', () => {
  it('make one node the leader, which every other node knows', () => {
    const cluster = new CoreCluster(3);
    const leader = cluster.elect();
    expect(cluster.leaders).to.deep.equal([leader.id]);
    for (const { core } of cluster.nodes) {
      expect(core.soft.leader).to.equal(leader.id);
      expect(core.soft.term).to.equal(1);
    }
  });

  it('are won by a single node at its first tick', () => {
    const cluster = new CoreCluster(1).tick(1);
    expect(cluster.leaders).to.deep.equal(['a']);
    expect(cluster.node('a').hardState).to.deep.equal({ term: 1, vote: 'a' });
  });

  it('wait for the disk of a single node, however slow, without another term', () => {
    const cluster = new CoreCluster(1);
    const a = cluster.node('a');
    a.diskHeld = true;
    cluster.tick(50);
    expect({ leaders: cluster.leaders, term: a.core.soft.term }).to.deep.equal({
      leaders: [],
      term: 1,
    });
    a.finishWrites();
    expect(cluster.settle().leaders).to.deep.equal(['a']);
  });

  it('begin with an empty entry of the new term', () => {
    const cluster = new CoreCluster({ a: { log: [1, 1], term: 3 }, b: {}, c: {} });
    cluster.elect();
    expect(cluster.node('a').terms).to.deep.equal([1, 1, 4]);
    expect(cluster.node('a').entries.at(-1)?.data).to.have.length(0);
  });

  it('draw the time-out anew each time', () => {
    const cluster = new CoreCluster(3).isolate('a', 'b', 'c');
    const [a] = cluster.nodes;
    const draws = [0, 0.5, 0.9];
    const gaps: number[] = [];
    for (const draw of draws) {
      const before = cluster.sentOf('preVote').length;
      a!.randomValue = draw;
      let ticks = 0;
      for (; cluster.sentOf('preVote').length === before; ticks++) cluster.tick(1, 'a');
      gaps.push(ticks);
    }
    expect(gaps).to.deep.equal([10, 10, 15]);
  });

  it('between duelling candidates leave the loser a follower, at the same term', () => {
    const cluster = new CoreCluster(3).cut('a', 'c').cut('c', 'a').tick(40);
    expect(cluster.node('a').role).to.equal('leader');
    expect(cluster.node('c').role).to.equal('preCandidate');
    cluster.heal().tick(5);
    expect(cluster.node('c').core.soft).to.include({ role: 'follower', leader: 'a', term: 1 });
    expect(cluster.leaders).to.deep.equal(['a']);
  });

  it('are not won by a node that alone has lost sight of the leader', () => {
    const cluster = new CoreCluster(3);
    cluster.elect();
    cluster.cut('a', 'c').cut('c', 'a').tick(60);
    expect(cluster.node('c').core.soft).to.include({ role: 'preCandidate', term: 1 });
    expect(cluster.leaders).to.deep.equal(['a']);
  });

  it('raise no term while a candidate cannot win the pre-vote', () => {
    const cluster = new CoreCluster(3).isolate('c').tick(200);
    expect(cluster.node('c').role).to.equal('preCandidate');
    expect(cluster.node('c').term).to.equal(0);
  });

  it('of two candidates that both passed the pre-vote give the term to one', () => {
    const cluster = new CoreCluster(3).hold(({ kind }) => kind === 'preVote');
    cluster.tick(14);
    const [a, b, c] = cluster.nodes;
    expect([a!.role, b!.role, c!.role]).to.deep.equal(['preCandidate', 'preCandidate', 'follower']);
    cluster.release();
    expect([a!.term, b!.term]).to.deep.equal([1, 1]);
    expect(cluster.leaders).to.have.length(1);
  });

  it('end for a candidate that hears a leader of its term: it concedes', () => {
    const cluster = new CoreCluster(3).hold(({ kind }) => kind.startsWith('vote'));
    cluster.tick(10);
    const [a] = cluster.nodes;
    expect(a!.role).to.equal('candidate');
    a!.core.step({
      kind: 'heartbeat',
      from: 'b',
      to: 'a',
      term: a!.term,
      round: 1,
      commit: 0,
    });
    expect(a!.core.soft).to.include({ role: 'follower', leader: 'b' });
  });

  it('that split the vote are followed by one that succeeds', () => {
    const cluster = new CoreCluster(4).hold(({ kind }) => kind === 'preVote').tick(12);
    const [a, b] = cluster.nodes;
    expect([a!.role, b!.role]).to.deep.equal(['preCandidate', 'preCandidate']);
    cluster.hold(({ kind, from, to }) => {
      const split = (from === 'a' && to === 'd') || (from === 'b' && to === 'c');
      return kind === 'vote' && (split || (from === 'a' && to === 'b'));
    });
    for (const answer of cluster.held.splice(0)) cluster.deliver(answer);
    cluster.settle();
    expect(cluster.leaders).to.deep.equal([]);
    expect([a!.role, b!.role]).to.deep.equal(['candidate', 'candidate']);
    cluster.hold(() => false).elect();
    cluster.tick(5);
    expect(cluster.leaders).to.have.length(1);
    expect(cluster.node(cluster.leaders[0]!).term).to.be.greaterThan(1);
  });

  it('refuse a vote while the leader is live, and grant it after', () => {
    const cluster = new CoreCluster(3);
    const leader = cluster.elect();
    const ballot = {
      kind: 'vote',
      from: 'c',
      to: 'b',
      term: 2,
      lastIndex: 9,
      lastTerm: 9,
      transferRound: 0,
    } as const;
    cluster.deliver(ballot);
    cluster.settle();
    expect(cluster.node('b').term).to.equal(1);
    cluster.isolate(leader.id).tick(10, 'b', 'c');
    cluster.deliver({ ...ballot, term: cluster.node('b').term + 1 });
    cluster.settle();
    expect(cluster.sentOf('voteResponse').at(-1)).to.include({ from: 'b', to: 'c', granted: true });
  });

  it('grant no vote for one time-out after the start of a node: it may have promised before', () => {
    const cluster = new CoreCluster(3);
    const ballot = {
      kind: 'vote',
      from: 'a',
      to: 'b',
      term: 5,
      lastIndex: 0,
      lastTerm: 0,
      transferRound: 0,
    } as const;
    cluster.tick(9, 'b').deliver(ballot);
    expect(cluster.node('b').term).to.equal(0);
    cluster.tick(1, 'b').deliver(ballot);
    expect(cluster.settle().node('b').hardState).to.deep.equal({ term: 5, vote: 'a' });
  });

  it('grant no vote for longer after the start of a node that promised more before, also when it hears a leader', () => {
    const cluster = new CoreCluster({ a: {}, b: { startTicks: 30 }, c: {} });
    const leader = cluster.elect();
    cluster.isolate(leader.id);
    const ballot = {
      kind: 'vote',
      from: 'c',
      to: 'b',
      lastIndex: 9,
      lastTerm: 9,
      transferRound: 0,
    } as const;
    cluster.tick(15, 'b').deliver({ ...ballot, term: 5 });
    expect(cluster.node('b').term).to.equal(1);
    cluster.tick(5, 'b').deliver({ ...ballot, term: 5 });
    expect(cluster.settle().node('b').hardState).to.deep.equal({ term: 5, vote: 'c' });
  });

  it('free a stuck candidate with a higher term: the leader steps down for it', () => {
    const cluster = new CoreCluster({ a: {}, b: {}, c: { term: 7 } });
    cluster.isolate('c').elect();
    cluster.heal().tick(60);
    expect(cluster.leaders).to.have.length(1);
    const [leader] = cluster.leaders;
    expect(cluster.node(leader!).term).to.be.greaterThan(7);
    expect(cluster.node('c').core.soft.leader).to.equal(leader);
  });

  it('are not caused by a stale follower that returns', () => {
    const cluster = new CoreCluster(3);
    const leader = cluster.elect();
    cluster.isolate('c').tick(100);
    cluster.propose(leader, 'x');
    cluster.heal().tick(60);
    expect(cluster.leaders).to.deep.equal([leader.id]);
    expect(leader.term).to.equal(1);
    expect(cluster.node('c').commands).to.deep.equal(['x']);
  });

  it('can be completed by a node with a smaller term', () => {
    const cluster = new CoreCluster({
      a: { log: [1, 1], term: 1 },
      b: { log: [1, 1], term: 1 },
      c: { log: [1], term: 4 },
    });
    cluster.node('c').randomValue = 0.99;
    const leader = cluster.elect();
    expect(leader.id).to.be.oneOf(['a', 'b']);
    expect(leader.term).to.be.greaterThan(4);
  });

  it('are lost by a candidate whose log is behind a majority', () => {
    const cluster = new CoreCluster({ a: { log: [1] }, b: { log: [1, 2] }, c: { log: [1, 2] } });
    expect(cluster.elect().id).to.be.oneOf(['b', 'c']);
  });

  it('give one vote per term, also across a restart', () => {
    const cluster = new CoreCluster({ a: {}, b: { term: 3, vote: 'a' }, c: {} }).tick(10, 'b');
    const ballot = { kind: 'vote', to: 'b', term: 3, lastIndex: 9, lastTerm: 3 } as const;
    cluster.deliver({ ...ballot, from: 'c', transferRound: 0 });
    cluster.settle();
    expect(cluster.sentOf('voteResponse').at(-1)).to.include({ to: 'c', granted: false });
    cluster.deliver({ ...ballot, from: 'a', transferRound: 0 });
    cluster.settle();
    expect(cluster.sentOf('voteResponse').at(-1)).to.include({ to: 'a', granted: true });
  });

  it('end a leader that hears no majority', () => {
    const cluster = new CoreCluster(3);
    const leader = cluster.elect();
    cluster.isolate(leader.id).tick(20, leader.id);
    expect(leader.role).not.to.equal('leader');
    expect(leader.core.soft.leader).to.equal(null);
  });

  it('do not end a leader that hears a bare majority', () => {
    const cluster = new CoreCluster(3);
    const leader = cluster.elect();
    cluster.isolate('c').tick(100);
    expect(cluster.leaders).to.deep.equal([leader.id]);
  });

  it('ignore messages of old terms and of strangers', () => {
    const cluster = new CoreCluster({ a: { log: [1, 3] }, b: {}, c: {} });
    const [a] = cluster.nodes;
    const append = { kind: 'append', to: 'a', prevIndex: 1, prevTerm: 1, commit: 2 } as const;
    a!.core.step({ ...append, from: 'b', term: 2, entries: [] });
    a!.core.step({ ...append, from: 'stranger', term: 9, entries: [] });
    cluster.settle();
    expect(a!.terms).to.deep.equal([1, 3]);
    expect(a!.core.soft).to.include({ term: 3, leader: null });
    expect(a!.commands).to.deep.equal([]);
  });
});
