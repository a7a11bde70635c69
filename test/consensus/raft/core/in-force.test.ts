/** A commit is announced to followers only once it is in force on the leader. */
import { expect } from 'chai';
import { CoreCluster } from './support/cluster.js';

describe('raft commits in force', () => {
  it('announces no commit before the readers of the leader decide by it', () => {
    const cluster = new CoreCluster(3);
    const leader = cluster.elect();
    leader.readersHeld = true;
    cluster.propose(leader, 'x').tick(5);
    expect(leader.commands).to.deep.equal(['x']);
    expect(cluster.node('b').commands).to.deep.equal([]);
    expect(cluster.node('c').commands).to.deep.equal([]);
  });

  it('announces a commit at once to a follower whose client waits for it', () => {
    const cluster = new CoreCluster(3);
    const leader = cluster.elect();
    leader.readersHeld = true;
    leader.proposeFor(['b'], 'x');
    cluster.settle();
    leader.bringInForce();
    cluster.settle();
    expect(cluster.node('b').commands).to.deep.equal(['x']);
    expect(cluster.node('c').commands).to.deep.equal([]);
  });

  it('announces a commit to the other followers with the next tick', () => {
    const cluster = new CoreCluster(3);
    const leader = cluster.elect();
    leader.readersHeld = true;
    leader.proposeFor([], 'x');
    cluster.settle();
    leader.bringInForce();
    cluster.tick(1);
    expect(cluster.node('c').commands).to.deep.equal(['x']);
  });

  it('rejects an index in force beyond what is applied', () => {
    const cluster = new CoreCluster(3);
    const leader = cluster.elect();
    expect(() => leader.core.inForce(leader.appliedIndex + 1)).to.throw(/in force/);
  });
});
