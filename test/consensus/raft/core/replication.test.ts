/** Replication: what is committed, what is cut off, what is sent again. */
import { expect } from 'chai';
import { CoreCluster, entry } from './support/cluster.js';

describe('raft replication', () => {
  it('applies each command on every node, in order', () => {
    const cluster = new CoreCluster(3);
    cluster.propose(cluster.elect(), 'x', 'y').propose(cluster.elect(), 'z');
    for (const { commands } of cluster.nodes) expect(commands).to.deep.equal(['x', 'y', 'z']);
  });

  it('announces a commit at once where a client waits, elsewhere with the next append', () => {
    const cluster = new CoreCluster(3);
    const leader = cluster.elect();
    const [waiting, other] = cluster.nodes.filter((node) => node !== leader);
    leader.proposeFor([waiting!.id], 'x');
    cluster.settle();
    expect(leader.commands).to.deep.equal(['x']);
    expect(waiting!.commands).to.deep.equal(['x']);
    expect(other!.commands).to.deep.equal([]);
    leader.proposeFor([], 'y');
    cluster.settle();
    expect(other!.commands).to.deep.equal(['x']);
    expect(waiting!.commands).to.deep.equal(['x']);
  });

  it('announces a commit with the next tick when nothing else is sent', () => {
    const cluster = new CoreCluster(3);
    const leader = cluster.elect();
    const [other] = cluster.nodes.filter((node) => node !== leader);
    leader.proposeFor([], 'x');
    expect(cluster.settle().node(other!.id).commands).to.deep.equal([]);
    expect(cluster.tick(1).node(other!.id).commands).to.deep.equal(['x']);
  });

  it('commits on a single node when its own disk has the entry', () => {
    const cluster = new CoreCluster(1).tick(1);
    const [a] = cluster.nodes;
    a!.diskHeld = true;
    cluster.propose(a!, 'x');
    expect(a!.commands).to.deep.equal([]);
    a!.finishWrites();
    expect(cluster.settle().node('a').commands).to.deep.equal(['x']);
  });

  it('commits with 2 of 5 nodes dead', () => {
    const cluster = new CoreCluster(5);
    const leader = cluster.elect();
    cluster.isolate('d', 'e').propose(leader, 'x');
    expect(leader.commands).to.deep.equal(['x']);
  });

  it('commits nothing with 3 of 5 nodes dead, and goes on when they are back', () => {
    const cluster = new CoreCluster(5);
    const leader = cluster.elect();
    cluster.isolate('c', 'd', 'e').propose(leader, 'x');
    expect(leader.commands).to.deep.equal([]);
    cluster.heal().tick(5);
    for (const { commands } of cluster.nodes) expect(commands).to.deep.equal(['x']);
  });

  it('refuses a proposal on a follower, which names the leader that commits it', () => {
    const cluster = new CoreCluster(3);
    cluster.elect();
    const b = cluster.node('b');
    expect(b.propose('x')).to.deep.equal({ accepted: false, refusal: 'notLeader' });
    cluster.propose(cluster.node(b.core.soft.leader!), 'x');
    for (const { commands } of cluster.nodes) expect(commands).to.deep.equal(['x']);
  });

  it('overwrites the uncommitted tail of an old leader with the log of the new one', () => {
    const cluster = new CoreCluster(3);
    const old = cluster.elect();
    cluster.isolate(old.id).propose(old, 'lost', 'lost too');
    const leader = cluster
      .tick(40, 'b', 'c')
      .nodes.find(({ id, role }) => id !== old.id && role === 'leader');
    cluster.propose(leader!, 'kept');
    cluster.heal().tick(30);
    for (const { commands, terms } of cluster.nodes) {
      expect(commands).to.deep.equal(['kept']);
      expect(terms).to.deep.equal(leader!.terms);
    }
  });

  it('commits entries of older terms only together with one of its own (figure 8)', () => {
    const logs = { a: { log: [1, 2] }, b: { log: [1] }, c: { log: [1] } };
    const cluster = new CoreCluster(logs, { maxAppendBytes: 1 }).isolate('c');
    cluster.hold((message) => message.kind === 'appendResponse' && message.index > 2);
    const leader = cluster.elect();
    cluster.tick(6);
    expect(cluster.sentOf('appendResponse').some(({ index }) => index === 2)).to.equal(true);
    expect(leader.commands).to.deep.equal([]);
    cluster.release().tick(6);
    expect(leader.commands).to.deep.equal(['1@1', '2@2']);
  });

  describe('brings the followers of figure 7 to the log of the leader', () => {
    const leaderLog = [1, 1, 1, 4, 4, 5, 5, 6, 6, 6];
    const followers: Record<string, number[]> = {
      'one entry missing': [1, 1, 1, 4, 4, 5, 5, 6, 6],
      'many entries missing': [1, 1, 1, 4],
      'one entry extra': [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6],
      'entries of an extra term': [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7],
      'entries missing and extra': [1, 1, 1, 4, 4, 4, 4],
      'two terms of its own': [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3],
    };
    for (const [name, log] of Object.entries(followers)) {
      it(name, () => {
        const cluster = new CoreCluster({
          a: { log: leaderLog, term: 8 },
          b: { log, term: 8 },
          c: { log: [1], term: 8 },
        });
        cluster.isolate('b').elect();
        cluster.heal().tick(8);
        const { terms } = cluster.node('a');
        expect(terms.slice(0, 10)).to.deep.equal(leaderLog);
        expect(cluster.node('b').terms).to.deep.equal(terms);
        expect(cluster.node('b').commands).to.deep.equal(cluster.node('a').commands);
      });
    }
  });

  it('skips whole terms when logs conflict, so that probes grow with terms only', () => {
    const tail = (term: number) => new Array<number>(200).fill(term);
    const cluster = new CoreCluster({
      a: { log: [1, ...tail(4)], term: 5 },
      b: { log: [1, ...tail(2), ...tail(3)], term: 5 },
      c: { log: [1], term: 5 },
    });
    cluster.isolate('b').elect();
    cluster.heal().tick(8);
    expect(cluster.node('b').terms).to.deep.equal(cluster.node('a').terms);
    expect(cluster.sentOf('appendReject').filter(({ from }) => from === 'b')).to.have.length.below(
      4,
    );
  });

  it('does not let an old, delayed append cut the log', () => {
    const cluster = new CoreCluster(3);
    const leader = cluster.elect();
    cluster.propose(leader, 'x');
    const old = cluster
      .sentOf('append')
      .find(({ to, entries }) => to === 'b' && entries.length > 0)!;
    cluster.isolate('c').propose(leader, 'y', 'z');
    const before = cluster.node('b').terms;
    cluster.deliver(old);
    expect(cluster.settle().node('b').terms).to.deep.equal(before);
    expect(cluster.node('b').commands).to.deep.equal(['x', 'y', 'z']);
  });

  it('commits no further than the last entry that an append brought', () => {
    const cluster = new CoreCluster({ a: { log: [1, 1, 1], term: 2 }, b: {}, c: {} });
    const append = {
      kind: 'append',
      from: 'b',
      to: 'a',
      term: 2,
      prevIndex: 1,
      prevTerm: 1,
    } as const;
    cluster.deliver({ ...append, commit: 3, entries: [] });
    expect(cluster.settle().node('a').commands).to.deep.equal(['1@1']);
    cluster.deliver({ ...append, commit: 3, entries: [entry(2, 2, 'new')] });
    expect(cluster.settle().node('a').commands).to.deep.equal(['1@1', 'new']);
  });

  it('sends without waiting for responses, up to the limit on what is in flight', () => {
    const cluster = new CoreCluster(3, { maxInflightAppends: 4, maxAppendBytes: 20 });
    const leader = cluster.elect();
    cluster.hold(({ kind }) => kind === 'appendResponse');
    const count = () =>
      cluster.sentOf('append').filter(({ to, entries }) => to === 'b' && entries.length > 0).length;
    const before = count();
    cluster.propose(leader, ...'abcdefghij');
    expect(count() - before).to.equal(4);
    cluster.release();
    expect(count() - before).to.equal(10);
    expect(cluster.node('b').commands).to.have.length(10);
  });

  it('fills each append up to its limit', () => {
    const cluster = new CoreCluster(3, { maxAppendBytes: 64 });
    const leader = cluster.elect();
    const before = cluster.sent.length;
    cluster.propose(leader, ...'abcdef');
    const sizes = cluster
      .sentOf('append')
      .filter((message) => cluster.sent.indexOf(message) >= before);
    expect(
      sizes
        .filter(({ to, entries }) => to === 'b' && entries.length > 0)
        .map(({ entries }) => entries.length),
    ).to.deep.equal([3, 3]);
  });

  it('sends lost appends again after the next heartbeat, without another proposal', () => {
    const cluster = new CoreCluster(3);
    const leader = cluster.elect();
    cluster.isolate('b').propose(leader, 'x').heal().tick(4);
    expect(cluster.node('b').commands).to.deep.equal(['x']);
  });

  it('sends lost appends again when they fill all that may be in flight', () => {
    const cluster = new CoreCluster(3, { maxInflightAppends: 2, maxAppendBytes: 20 });
    const leader = cluster.elect();
    cluster
      .isolate('b')
      .propose(leader, ...'abcdefgh')
      .heal()
      .tick(6);
    expect(cluster.node('b').commands).to.deep.equal([...'abcdefgh']);
  });

  it('sends again at once what a broken connection may have lost', () => {
    const cluster = new CoreCluster(3);
    const leader = cluster.elect();
    cluster.isolate('b').propose(leader, 'x').heal();
    leader.core.unreachable('b');
    cluster.propose(leader, 'y');
    expect(cluster.node('b').commands).to.deep.equal(['x', 'y']);
  });

  it('refuses proposals beyond the limit on uncommitted bytes, and takes them again after', () => {
    const cluster = new CoreCluster(3, { maxUncommittedBytes: 64 });
    const leader = cluster.elect();
    cluster.isolate('b', 'c').propose(leader, 'x', 'y', 'z');
    expect(leader.propose('w')).to.deep.equal({ accepted: false, refusal: 'overloaded' });
    cluster.heal().tick(4).propose(leader, 'w');
    expect(leader.commands).to.deep.equal(['x', 'y', 'z', 'w']);
  });

  it('refuses proposals also when only its own disk is that far behind', () => {
    const cluster = new CoreCluster(3, { maxUncommittedBytes: 64 });
    const leader = cluster.elect();
    leader.diskHeld = true;
    cluster.propose(leader, 'x', 'y', 'z');
    expect(cluster.node('b').commands).to.deep.equal(['x', 'y', 'z']);
    expect(leader.propose('w')).to.deep.equal({ accepted: false, refusal: 'overloaded' });
    leader.finishWrites();
    cluster.settle().propose(leader, 'w');
  });

  it('takes a proposal larger than that limit when nothing waits', () => {
    const cluster = new CoreCluster(3, { maxUncommittedBytes: 64 });
    const leader = cluster.elect();
    cluster.propose(leader, 'x'.repeat(100));
    expect(leader.commands).to.have.length(1);
  });

  it('returns committed entries in chunks of limited size', () => {
    const cluster = new CoreCluster(1, { maxApplyEntries: 2 }).tick(1);
    const { core } = cluster.node('a');
    cluster.node('a').diskHeld = true;
    cluster.propose(cluster.node('a'), ...'vwxyz');
    core.persisted(core.soft.term + 2);
    expect(core.ready().committed).to.have.length(2);
    expect(core.hasReady()).to.equal(true);
    expect(core.ready().committed).to.have.length(2);
    expect(core.ready().committed).to.have.length(1);
    expect(core.hasReady()).to.equal(false);
  });

  it('stops a node loudly whose committed entries the leader contradicts', () => {
    const cluster = new CoreCluster(3);
    const leader = cluster.elect();
    cluster.propose(leader, 'x').tick(1);
    const { term } = leader;
    const forged = [entry(2, term + 1, 'y')];
    const append = { prevIndex: 1, prevTerm: term, commit: 2, entries: forged };
    const message = { kind: 'append', from: 'a', to: 'b', term: term + 1, ...append } as const;
    expect(() => cluster.deliver(message)).to.throw(/a leader has what is committed here/);
  });
});
