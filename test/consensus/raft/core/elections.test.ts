/** Elections: who may lead, and when. */
import { expect } from 'chai';
import { CoreCluster } from './support/cluster.js';

describe('raft elections', () => {
  it('elects one leader, which every other node knows', () => {
    const cluster = new CoreCluster(3);
    const leader = cluster.elect();
    expect(cluster.leaders).to.deep.equal([leader.id]);
    for (const { core } of cluster.nodes) {
      expect(core.soft.leader).to.equal(leader.id);
      expect(core.soft.term).to.equal(1);
    }
  });

  it('elects a single node at its first tick', () => {
    const cluster = new CoreCluster(1).tick(1);
    expect(cluster.leaders).to.deep.equal(['a']);
    expect(cluster.node('a').hardState).to.deep.equal({ term: 1, vote: 'a' });
  });

  it('waits for the slow disk of a single node without entering another term', () => {
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

  it('appends an empty entry of the new term when a leader is elected', () => {
    const cluster = new CoreCluster({ a: { log: [1, 1], term: 3 }, b: {}, c: {} });
    cluster.elect();
    expect(cluster.node('a').terms).to.deep.equal([1, 1, 4]);
    expect(cluster.node('a').entries.at(-1)?.data).to.have.length(0);
  });

  it('draws a new election time-out each time', () => {
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

  it('leaves the loser of two candidates a follower in the same term', () => {
    const cluster = new CoreCluster(3).cut('a', 'c').cut('c', 'a').tick(40);
    expect(cluster.node('a').role).to.equal('leader');
    expect(cluster.node('c').role).to.equal('preCandidate');
    cluster.heal().tick(5);
    expect(cluster.node('c').core.soft).to.include({ role: 'follower', leader: 'a', term: 1 });
    expect(cluster.leaders).to.deep.equal(['a']);
  });

  it('elects no node that alone has lost its connection to the leader', () => {
    const cluster = new CoreCluster(3);
    cluster.elect();
    cluster.cut('a', 'c').cut('c', 'a').tick(60);
    expect(cluster.node('c').core.soft).to.include({ role: 'preCandidate', term: 1 });
    expect(cluster.leaders).to.deep.equal(['a']);
  });

  it('raises no term while a candidate cannot win the pre-vote', () => {
    const cluster = new CoreCluster(3).isolate('c').tick(200);
    expect(cluster.node('c').role).to.equal('preCandidate');
    expect(cluster.node('c').term).to.equal(0);
  });

  it('elects one of two candidates that both passed the pre-vote', () => {
    const cluster = new CoreCluster(3).hold(({ kind }) => kind === 'preVote');
    cluster.tick(14);
    const [a, b, c] = cluster.nodes;
    expect([a!.role, b!.role, c!.role]).to.deep.equal(['preCandidate', 'preCandidate', 'follower']);
    cluster.release();
    expect([a!.term, b!.term]).to.deep.equal([1, 1]);
    expect(cluster.leaders).to.have.length(1);
  });

  it('makes a candidate a follower when it hears a leader of its term', () => {
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

  it('elects a leader after an election that split the vote', () => {
    const cluster = new CoreCluster(4).hold(({ kind }) => kind === 'preVote').tick(12);
    const [a, b] = cluster.nodes;
    expect([a!.role, b!.role]).to.deep.equal(['preCandidate', 'preCandidate']);
    cluster.hold(({ kind, from, to }) => {
      const split = (from === 'a' && to === 'd') || (from === 'b' && to === 'c');
      return kind === 'vote' && (split || (from === 'a' && to === 'b'));
    });
    for (const response of cluster.held.splice(0)) cluster.deliver(response);
    cluster.settle();
    expect(cluster.leaders).to.deep.equal([]);
    expect([a!.role, b!.role]).to.deep.equal(['candidate', 'candidate']);
    cluster.hold(() => false).elect();
    cluster.tick(5);
    expect(cluster.leaders).to.have.length(1);
    expect(cluster.node(cluster.leaders[0]!).term).to.be.greaterThan(1);
  });

  it('rejects a vote while the leader is live, and grants it afterwards', () => {
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

  it('grants no vote for one time-out after a start, since an earlier lockout may hold', () => {
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

  it('keeps the longer lockout of an earlier run after a start, even with a leader', () => {
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

  it('steps a leader down for a stuck candidate with a higher term', () => {
    const cluster = new CoreCluster({ a: {}, b: {}, c: { term: 7 } });
    cluster.isolate('c').elect();
    cluster.heal().tick(60);
    expect(cluster.leaders).to.have.length(1);
    const [leader] = cluster.leaders;
    expect(cluster.node(leader!).term).to.be.greaterThan(7);
    expect(cluster.node('c').core.soft.leader).to.equal(leader);
  });

  it('keeps the leader when a stale follower returns', () => {
    const cluster = new CoreCluster(3);
    const leader = cluster.elect();
    cluster.isolate('c').tick(100);
    cluster.propose(leader, 'x');
    cluster.heal().tick(60);
    expect(cluster.leaders).to.deep.equal([leader.id]);
    expect(leader.term).to.equal(1);
    expect(cluster.node('c').commands).to.deep.equal(['x']);
  });

  it('elects a node whose term was smaller than that of its voters', () => {
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

  it('rejects a candidate whose log is behind a majority', () => {
    const cluster = new CoreCluster({ a: { log: [1] }, b: { log: [1, 2] }, c: { log: [1, 2] } });
    expect(cluster.elect().id).to.be.oneOf(['b', 'c']);
  });

  it('grants one vote per term, also across a restart', () => {
    const cluster = new CoreCluster({ a: {}, b: { term: 3, vote: 'a' }, c: {} }).tick(10, 'b');
    const ballot = { kind: 'vote', to: 'b', term: 3, lastIndex: 9, lastTerm: 3 } as const;
    cluster.deliver({ ...ballot, from: 'c', transferRound: 0 });
    cluster.settle();
    expect(cluster.sentOf('voteResponse').at(-1)).to.include({ to: 'c', granted: false });
    cluster.deliver({ ...ballot, from: 'a', transferRound: 0 });
    cluster.settle();
    expect(cluster.sentOf('voteResponse').at(-1)).to.include({ to: 'a', granted: true });
  });

  it('steps a leader down when it hears no majority', () => {
    const cluster = new CoreCluster(3);
    const leader = cluster.elect();
    cluster.isolate(leader.id).tick(20, leader.id);
    expect(leader.role).not.to.equal('leader');
    expect(leader.core.soft.leader).to.equal(null);
  });

  it('keeps a leader that hears a bare majority', () => {
    const cluster = new CoreCluster(3);
    const leader = cluster.elect();
    cluster.isolate('c').tick(100);
    expect(cluster.leaders).to.deep.equal([leader.id]);
  });

  it('ignores messages of old terms and of unknown nodes', () => {
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
