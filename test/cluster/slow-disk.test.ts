/** Real nodes whose disks are slow or stop responding, by a preloaded library. */
import { expect } from 'chai';
import { STORE } from '../support/cluster.js';
import { fetchOnce } from '../support/http-client.js';
import { skipUnless } from '../support/skip.js';
import { until } from '../support/until.js';
import { BreakableCluster, type BreakableNode } from '../torture/cluster.js';
import { canFaultDisks, NEEDS_COMPILER } from '../torture/disk-faults.js';

/** A disk that has not responded for 1 s is given up; then comes an election, on a busy machine. */
const HANDOVER_MS = 2_000;
const ELECTION_MS = 8_000;

/** Slow enough that a fault can begin in the middle of a sync, and no election fails by it. */
const SLOW_VOTE_MS = 100;

describe('a cluster of real nodes', () => {
  let cluster: BreakableCluster;

  before(function () {
    skipUnless(this, canFaultDisks(), NEEDS_COMPILER);
  });

  async function statusOf({ port }: BreakableNode, path: string): Promise<number> {
    return (await fetchOnce(port, path)).status;
  }

  function throttle(node: BreakableNode, app: string): Promise<number> {
    return statusOf(node, `/throttle-app/${app}/ttl/60`);
  }

  /** The first of the nodes that says that it leads, with a lease or not yet. */
  async function elected(nodes: readonly BreakableNode[]): Promise<BreakableNode> {
    let leader: BreakableNode | undefined;
    await until(async () => {
      for (const node of nodes) {
        const { body } = await fetchOnce(node.port, '/raft/state');
        if (body.includes('Leader')) leader = node;
      }
      return leader !== undefined;
    });
    return leader!;
  }

  async function timeToLeader(among: readonly BreakableNode[], timeoutMs: number) {
    const fromMs = performance.now();
    const leader = await cluster.leader(among, timeoutMs);
    return { leader, tookMs: performance.now() - fromMs };
  }

  describe('whose disks are slow', () => {
    before(async () => {
      cluster = await BreakableCluster.start({ count: 3 });
    });

    afterEach(() => cluster.heal());
    after(() => cluster.stop());

    it('throttles on a leader that takes 2 s to sync as soon as a follower says 200', async () => {
      const leader = await cluster.leader();
      const follower = cluster.others(leader)[0]!;
      leader.disk!.slow(2_000);
      expect(await throttle(follower, 'slow-sync')).to.equal(200);
      expect(leader.disk!.syncsHeld, 'syncs of the leader that have not returned').to.equal(1);
      expect(await statusOf(leader, `/check/slow-sync/mysql/${STORE}`)).to.equal(417);
    });

    it('moves leadership away from a disk that hangs within 2 s, and logs why', async () => {
      const leader = await cluster.leader();
      leader.disk!.hang();
      const logged = leader.log.length;
      const others = cluster.others(leader);
      // Nothing waits for a disk to which nothing is written.
      const written = throttle(others[0]!, 'hanging-disk');
      await until(() => leader.disk!.syncsHeld > 0);
      const { leader: next } = await timeToLeader(others, HANDOVER_MS);
      expect(await written).to.equal(200);
      expect(await throttle(next, 'after-hand-over')).to.equal(200);
      await until(
        () => /disk.*lost leadership/.test(leader.log.slice(logged)),
        undefined,
        () => leader.log.slice(logged),
      );
    });

    for (const syncMs of [300, 400, 600]) {
      it(`elects a next leader within 8 s when all disks sync in ${syncMs} ms`, async () => {
        const leader = await cluster.leader();
        for (const { disk } of cluster.nodes) disk!.slow(syncMs);
        await leader.kill();
        await timeToLeader(cluster.others(leader), ELECTION_MS);
      });
    }
  });

  it('elects another leader when a disk hangs between its vote and its first entry', async () => {
    cluster = await BreakableCluster.start({ count: 3 });
    try {
      const leader = await cluster.leader();
      // A node that has applied a command of this leader has joined: it may vote and be elected.
      for (const node of cluster.nodes) expect(await throttle(node, 'joined')).to.equal(200);
      const left = cluster.others(leader);
      for (const { disk } of left) disk!.slow(SLOW_VOTE_MS);
      await leader.kill();
      const candidate = await elected(left);
      candidate.disk!.hang();
      await until(() => candidate.disk!.syncsHeld > 0);
      leader.start();

      const others = cluster.others(candidate);
      const next = await cluster.leader(others);
      expect(await throttle(next, 'despite-the-vote')).to.equal(200);
      expect(await statusOf(candidate, '/leader-check')).to.equal(404);
    } finally {
      await cluster.stop();
    }
  });
});
