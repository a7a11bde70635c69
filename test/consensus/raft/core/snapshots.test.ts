/** Snapshots and compaction: followers whose entries are gone. */
import { expect } from 'chai';
import { CoreCluster } from './support/cluster.js';

/** `c` slept while the leader compacted everything. */
function behindCompactedLog(keepEntries = 0): CoreCluster {
  const cluster = new CoreCluster(3);
  const leader = cluster.elect();
  cluster.isolate('c').propose(leader, 'x', 'y', 'z');
  leader.compact(4, keepEntries);
  return cluster;
}

describe('raft snapshots', () => {
  it('restores a follower that is behind the compacted log', () => {
    const cluster = behindCompactedLog().heal().tick(8);
    expect(cluster.sentOf('snapshot')).to.have.length(1);
    const c = cluster.node('c');
    expect(c.commands).to.deep.equal(['x', 'y', 'z']);
    expect(c.image.meta).to.deep.equal({ index: 4, term: 1 });
  });

  it('replicates entries after a snapshot', () => {
    const cluster = behindCompactedLog().heal().tick(8);
    cluster.propose(cluster.node('a'), 'w');
    expect(cluster.node('c').commands).to.deep.equal(['x', 'y', 'z', 'w']);
    expect(cluster.sentOf('snapshot')).to.have.length(1);
  });

  it('sends no snapshot to a follower whose entries are still in the log', () => {
    const cluster = behindCompactedLog(3).heal().tick(8);
    expect(cluster.sentOf('snapshot')).to.deep.equal([]);
    expect(cluster.node('c').commands).to.deep.equal(['x', 'y', 'z']);
  });

  it('sends no snapshot to an unresponsive follower', () => {
    expect(behindCompactedLog().tick(30).sentOf('snapshot')).to.deep.equal([]);
  });

  it('ends the probing of a follower by a snapshot at the last index', () => {
    const cluster = behindCompactedLog().heal().tick(8);
    const before = cluster.sent.length;
    cluster.hold(({ kind }) => kind === 'appendResponse').propose(cluster.node('a'), 'v');
    cluster.propose(cluster.node('a'), 'w');
    const toC = cluster.sent
      .slice(before)
      .filter((message) => message.kind === 'append' && message.to === 'c');
    expect(toC).to.have.length(2);
  });

  it('sends a failed snapshot again', () => {
    const cluster = behindCompactedLog()
      .hold(({ kind }) => kind === 'snapshot')
      .heal()
      .tick(8);
    expect(cluster.held).to.have.length(1);
    cluster.held.pop();
    cluster
      .hold(() => false)
      .node('a')
      .core.snapshotSent('c', false);
    expect(cluster.tick(4).node('c').commands).to.deep.equal(['x', 'y', 'z']);
  });

  it('sends nothing else to a follower while it gets a snapshot', () => {
    const cluster = behindCompactedLog()
      .hold(({ kind }) => kind === 'snapshot')
      .heal()
      .tick(8);
    const before = cluster.sent.length;
    cluster.propose(cluster.node('a'), 'w').tick(8);
    const toC = cluster.sent.slice(before).filter(({ to }) => to === 'c');
    expect(new Set(toC.map(({ kind }) => kind))).to.deep.equal(new Set(['heartbeat']));
    expect(cluster.release().tick(4).node('c').commands).to.deep.equal(['x', 'y', 'z', 'w']);
  });

  it('ignores a late snapshot that would take the state back', () => {
    const cluster = behindCompactedLog()
      .hold(({ kind }) => kind === 'snapshot')
      .heal()
      .tick(8);
    const [late] = cluster.held;
    cluster.release().tick(4).propose(cluster.node('a'), 'w');
    cluster.deliver(late!).tick(4);
    expect(cluster.node('c').commands).to.deep.equal(['x', 'y', 'z', 'w']);
  });

  it('keeps the log and moves the commit index by a snapshot of known entries', () => {
    const cluster = new CoreCluster({ a: { log: [1, 1, 1], term: 1 }, b: {}, c: {} });
    const meta = { index: 2, term: 1 };
    cluster.node('a').core.step({ kind: 'snapshot', from: 'b', to: 'a', term: 1, meta });
    cluster.settle();
    expect(cluster.node('a').commands).to.deep.equal(['1@1', '2@1']);
    expect(cluster.node('a').terms).to.deep.equal([1, 1, 1]);
  });

  it('acknowledges a snapshot once it is durable', () => {
    const cluster = behindCompactedLog();
    const c = cluster.node('c');
    c.diskHeld = true;
    cluster.heal().tick(8);
    expect(cluster.sentOf('snapshot')).to.have.length(1);
    const acknowledged = () =>
      cluster.sentOf('appendResponse').some(({ from, index }) => from === 'c' && index >= 4);
    expect(acknowledged()).to.equal(false);
    c.finishWrites();
    cluster.settle();
    expect(acknowledged()).to.equal(true);
  });

  it('replaces a conflicting tail by a snapshot', () => {
    const cluster = new CoreCluster({
      a: { log: [1, 3], term: 3 },
      b: { log: [1, 3], term: 3 },
      c: { log: [1, 2, 2, 2], term: 3 },
    });
    cluster.isolate('c');
    const leader = cluster.elect();
    leader.compact(3);
    cluster.heal().tick(20);
    expect(cluster.node('c').image.meta).to.deep.equal({ index: 3, term: 4 });
    expect(cluster.node('c').commands).to.deep.equal(leader.commands);
    expect(cluster.node('c').terms).to.deep.equal([]);
  });
});
