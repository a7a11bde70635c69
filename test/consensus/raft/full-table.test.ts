/** A full table of the replicated state, in a cluster of three nodes. */
import { expect } from 'chai';
import { failureOf } from '../../support/failure.js';
import { RaftTestCluster, throttle } from './support/cluster.js';

describe('a full table of a Raft cluster', () => {
  let cluster: RaftTestCluster;
  beforeEach(async () => {
    cluster = await RaftTestCluster.started({ size: 3, entriesMax: 2 });
  });
  afterEach(() => cluster.stop());

  it('costs no log entry for a refusal at any node, and has room when one is lifted', async () => {
    const leader = await cluster.leader();
    await cluster.followers();
    await leader.consensus.submit(throttle('a'));
    await leader.consensus.submit(throttle('b'));
    const { commitIndex } = leader.consensus.raftMetrics();
    for (const { consensus } of cluster.nodes) {
      const failure = await failureOf(consensus.submit(throttle('c')));
      expect(failure).to.have.property('code', 'OVERLOADED');
      expect(failure).to.have.property('message').that.includes('no room for another entry');
    }
    expect(leader.consensus.raftMetrics().commitIndex).to.equal(commitIndex);
    for (const { consensus } of cluster.nodes) {
      const atMs = Date.now();
      const lift = { kind: 'unthrottleApp', atMs, key: 'a', everyStore: true } as const;
      expect(await leader.consensus.submit(lift)).to.deep.equal({ lifted: 1 });
      // Not every node has applied it, but the leader decides.
      await consensus.submit(throttle('a'));
    }
  });
});
