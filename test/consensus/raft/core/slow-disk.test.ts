/** Disks that stall: who leads, who stands for election, and when a leader gives up. */
import { expect } from 'chai';
import { defaultLimits } from '../../../../src/consensus/raft/core/config.js';
import { CoreCluster, type CoreNode } from './support/cluster.js';

const { electionTicks, diskTimeoutTicks, commitTimeoutTicks } = defaultLimits;

/** Three nodes whose lockout after the start is over, before any of them stands for election. */
function afterStart(): CoreCluster {
  return new CoreCluster(3, { startTicks: electionTicks }).tick(electionTicks, 'b', 'c');
}

describe('raft leader on a stalled disk', () => {
  it('hands over to a follower whose disk has more, and reports the reason', () => {
    const cluster = new CoreCluster(3);
    const leader = cluster.elect();
    leader.diskHeld = true;
    cluster.propose(leader, 'x').tick(diskTimeoutTicks + 2);
    const losses = leader.history.map(({ loss }) => loss);
    expect(losses).to.include('diskStalled');
    expect(cluster.leaders).to.have.length(1).and.not.include(leader.id);
  });

  it('keeps the leader with a stalled disk while no follower has more on its own', () => {
    const cluster = new CoreCluster(3);
    const leader = cluster.elect();
    for (const node of cluster.nodes) node.diskHeld = true;
    cluster.propose(leader, 'x').tick(commitTimeoutTicks - 1);
    expect(cluster.leaders).to.deep.equal([leader.id]);
  });

  it('keeps the leader while its disk has nothing to write', () => {
    const cluster = new CoreCluster(3);
    const leader = cluster.elect();
    cluster.propose(leader, 'x').tick(10 * diskTimeoutTicks);
    expect(cluster.leaders).to.deep.equal([leader.id]);
  });

  it('replaces a leader whose disk stalls at its first entry', () => {
    const cluster = afterStart();
    const [a] = cluster.nodes as [CoreNode];
    // Only its vote gets to its disk.
    cluster.hold(({ kind }) => kind === 'voteResponse');
    while (a.role !== 'candidate') cluster.tick(1, 'a');
    a.diskHeld = true;
    cluster.release();
    expect(cluster.leaders).to.deep.equal(['a']);
    cluster.tick(2 * diskTimeoutTicks);
    expect(cluster.leaders).to.have.length(1);
    expect(cluster.node(cluster.leaders[0]!).core.soft.leaseRound).to.be.greaterThan(0);
  });

  it('keeps a single node leading while its disk stalls', () => {
    const cluster = new CoreCluster(1).tick(1);
    const [a] = cluster.nodes as [CoreNode];
    a.diskHeld = true;
    cluster.propose(a, 'x').tick(2 * commitTimeoutTicks);
    expect(a.role).to.equal('leader');
  });
});

describe('raft leader that commits nothing', () => {
  it('steps down when an entry waits too long for its commit, and reports the reason', () => {
    const cluster = new CoreCluster(3);
    const leader = cluster.elect();
    for (const node of cluster.nodes) node.diskHeld = true;
    cluster.propose(leader, 'x').tick(commitTimeoutTicks);
    expect(leader.role).to.not.equal('leader');
    expect(leader.core.soft.loss).to.equal('commitStalled');
  });

  it('keeps the leader while nothing waits to be committed', () => {
    const cluster = new CoreCluster(3);
    const leader = cluster.elect();
    cluster.tick(3 * commitTimeoutTicks);
    expect(cluster.leaders).to.deep.equal([leader.id]);
  });
});

describe('raft election on slow disks', () => {
  it('starts no other election before the candidate has its vote on disk', () => {
    const cluster = afterStart();
    const [a] = cluster.nodes as [CoreNode];
    a.diskHeld = true;
    cluster.tick(4 * electionTicks, 'a');
    expect(a.role).to.equal('candidate');
    expect(a.term).to.equal(1);
    a.finishWrites();
    cluster.settle();
    expect(a.role).to.equal('leader');
  });

  it('starts no election on a voter whose disk still writes its vote', () => {
    const cluster = afterStart();
    const [a, b] = cluster.nodes as [CoreNode, CoreNode];
    cluster.isolate('c');
    b.diskHeld = true;
    while (a.role !== 'candidate') cluster.tick(1, 'a');
    cluster.tick(4 * electionTicks, 'b');
    expect(b.role).to.equal('follower');
    b.diskHeld = false;
    b.finishWrites();
    cluster.settle();
    expect(cluster.leaders).to.deep.equal(['a']);
  });

  it('gives the candidate time after a pre-vote was granted', () => {
    const cluster = afterStart();
    const [a, b] = cluster.nodes as [CoreNode, CoreNode];
    a.diskHeld = true;
    while (a.role !== 'candidate') cluster.tick(1, 'a');
    cluster.tick(electionTicks - 1, 'b');
    expect(b.role).to.equal('follower');
  });

  it('doubles the election time-out after each failed election', () => {
    const cluster = afterStart();
    const [a] = cluster.nodes as [CoreNode];
    const starts: number[] = [];
    // No vote ever arrives, though each would be granted.
    cluster.hold(({ kind }) => kind === 'vote');
    for (let tick = 1; starts.length < 4; tick++) {
      const { term } = a;
      cluster.tick(1, 'a');
      if (a.term > term) starts.push(tick);
    }
    const waits = starts.slice(1).map((tick, at) => tick - starts[at]!);
    expect(waits).to.deep.equal([1, 2, 4].map((times) => times * electionTicks));
  });
});
