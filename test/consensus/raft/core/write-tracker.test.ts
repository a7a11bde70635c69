/** What waits for the disk, and what a finished write proves. */
import { expect } from 'chai';
import { CoreCluster, entry } from './support/cluster.js';

describe('raft write tracker', () => {
  const append = { kind: 'append', to: 'b', prevIndex: 0, prevTerm: 0, commit: 0 } as const;

  it('acknowledges an append only when its entries are durable', () => {
    const cluster = new CoreCluster(3);
    const leader = cluster.elect();
    const b = cluster.node('b');
    b.diskHeld = true;
    cluster.isolate('c').propose(leader, 'x');
    expect(leader.commands).to.deep.equal([]);
    b.finishWrites();
    cluster.settle();
    expect(leader.commands).to.deep.equal(['x']);
  });

  it('holds one response of each kind while the disk hangs', () => {
    const cluster = new CoreCluster(3);
    cluster.elect();
    const b = cluster.node('b');
    b.diskHeld = true;
    cluster.propose(cluster.node('a'), 'x').tick(200);
    const before = cluster.sentOf('appendResponse').length;
    b.finishWrites();
    cluster.settle();
    expect(cluster.sentOf('appendResponse').length - before).to.be.below(5);
    expect(b.commands).to.deep.equal(['x']);
  });

  it('grants a vote only once it is durable', () => {
    const cluster = new CoreCluster(3).isolate('c');
    const b = cluster.node('b');
    b.diskHeld = true;
    cluster.tick(12);
    expect(cluster.sentOf('voteResponse')).to.deep.equal([]);
    b.finishWrites();
    cluster.settle();
    expect(cluster.leaders).to.deep.equal(['a']);
  });

  it('counts its own vote only once it is durable', () => {
    const cluster = new CoreCluster(1);
    const [a] = cluster.nodes;
    a!.diskHeld = true;
    cluster.tick(1);
    expect(a!.role).to.equal('candidate');
    a!.finishWrites();
    expect(a!.role).to.equal('leader');
  });

  it('sends no message of a term that is not durable', () => {
    const cluster = new CoreCluster(3);
    cluster.node('b').diskHeld = true;
    cluster.deliver({ kind: 'heartbeat', from: 'a', to: 'b', term: 4, round: 1, commit: 0 });
    cluster.settle();
    expect(cluster.sent.filter(({ from }) => from === 'b')).to.deep.equal([]);
    cluster.node('b').finishWrites();
    cluster.settle();
    expect(cluster.sentOf('heartbeatResponse')).to.have.length(1);
  });

  it('lets a leader send, but not count itself, while its own disk writes', () => {
    const cluster = new CoreCluster(3);
    const leader = cluster.elect();
    leader.diskHeld = true;
    cluster.isolate('c').propose(leader, 'x');
    expect(cluster.node('b').terms).to.deep.equal([1, 1]);
    expect(cluster.node('b').commands).to.deep.equal([]);
    leader.finishWrites();
    cluster.settle();
    expect(cluster.node('b').commands).to.deep.equal(['x']);
  });

  it('applies what the disks of a majority have, while the leader’s own still writes', () => {
    const cluster = new CoreCluster(3);
    const leader = cluster.elect();
    leader.diskHeld = true;
    cluster.propose(leader, 'x');
    expect(cluster.node('b').commands).to.deep.equal(['x']);
    expect(leader.commands).to.deep.equal(['x']);
    expect(leader.terms).to.deep.equal([1]);
    leader.finishWrites();
    cluster.settle();
    expect(leader.terms).to.deep.equal([1, 1]);
    expect(leader.commands).to.deep.equal(['x']);
  });

  it('ignores the completion of a write whose entries were overwritten since', () => {
    const cluster = new CoreCluster(3);
    const b = cluster.node('b');
    b.diskHeld = true;
    cluster.deliver({ ...append, from: 'a', term: 1, entries: [entry(1, 1), entry(2, 1)] });
    cluster.settle().deliver({ ...append, from: 'c', term: 2, entries: [entry(1, 2)] });
    cluster.settle();
    const again = [entry(1, 1), entry(2, 1)];
    cluster.deliver({ ...append, from: 'a', term: 3, entries: again }).settle();
    expect(b.writes).to.have.length(3);
    const [first, second, third] = b.writes.splice(0);
    const responses = () =>
      cluster
        .settle()
        .sentOf('appendResponse')
        .map(({ index }) => index);
    b.core.persisted(first!.batch);
    expect(responses()).to.deep.equal([]);
    b.core.persisted(second!.batch);
    expect(responses()).to.deep.equal([]);
    b.core.persisted(third!.batch);
    expect(responses()).to.deep.equal([2]);
  });

  it('counts a write only once all before it are reported, in any order', () => {
    const cluster = new CoreCluster(1).tick(1);
    const [a] = cluster.nodes;
    a!.diskHeld = true;
    cluster.propose(a!, 'x').propose(a!, 'y');
    const [first, second] = a!.writes.splice(0);
    a!.core.persisted(second!.batch);
    expect(cluster.settle().node('a').commands).to.deep.equal([]);
    a!.core.persisted(first!.batch);
    expect(cluster.settle().node('a').commands).to.deep.equal(['x', 'y']);
  });

  it('starts with the log on disk, of which only the snapshot is committed', () => {
    const cluster = new CoreCluster(3);
    const leader = cluster.elect();
    cluster.propose(leader, 'x');
    const b = cluster.node('b');
    b.compact(2);
    cluster.propose(leader, 'y');
    b.restart();
    expect(cluster.settle().node('b').commands).to.deep.equal(['x']);
    cluster.tick(3);
    expect(b.commands).to.deep.equal(['x', 'y']);
  });
});
