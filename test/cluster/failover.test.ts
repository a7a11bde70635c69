/** Fail-over of three real nodes: the responses to clients, and the state that survives. */
import { expect } from 'chai';
import type { FrenoNode } from '../../src/demo/freno-node.js';
import { STORE, statusOf, TestCluster, throttledApps, VALUE } from '../support/cluster.js';
import { fetchJson, fetchOnce } from '../support/http-client.js';
import { LeaderWatch } from '../support/leader-watch.js';
import { until } from '../support/until.js';

const CHECK = `/check/batch/mysql/${STORE}`;

describe('three freno processes', () => {
  let cluster: TestCluster;

  before(async () => {
    cluster = await TestCluster.start(3);
  });

  afterEach(() => cluster.heal());
  after(() => cluster.stop());

  async function throttleBy(node: FrenoNode, app: string): Promise<void> {
    const { status, body } = await fetchOnce(node.port, `/throttle-app/${app}/ttl/60`);
    expect(status, body).to.equal(200);
  }

  it('answers checks on the leader only, from its own probes', async () => {
    const leader = await cluster.leader();
    await leader.process.waitFor(CHECK, 200);
    expect(await fetchJson(leader.port, CHECK)).to.deep.equal({
      StatusCode: 200,
      Value: VALUE,
      Threshold: 1,
      Message: '',
    });
    for (const follower of cluster.others(leader)) {
      expect(await fetchJson(follower.port, CHECK)).to.deep.equal({
        StatusCode: 404,
        Value: 0,
        Threshold: 1,
        Message: 'Not the leader',
      });
      expect(await statusOf(follower, '/leader-check')).to.equal(404);
      expect(await fetchJson(follower.port, '/raft/state')).to.equal('Follower');
    }
  });

  it('takes commands on any node, which lists them after its response', async () => {
    for (const [index, node] of cluster.nodes.entries()) {
      await throttleBy(node, `app${index}`);
      expect(await throttledApps(node)).to.include(`app${index}`);
    }
    const leader = await cluster.leader();
    expect(await throttledApps(leader)).to.include.members(['app0', 'app1', 'app2']);
    expect(await statusOf(leader, `/check/app2/mysql/${STORE}`)).to.equal(417);
  });

  it('keeps all commands after kill -9 of the leader, with values of the new one', async () => {
    const leader = await cluster.leader();
    await throttleBy(leader, 'archive');
    await cluster.fleet.change([{ server: 0, value: 7.5 }]);
    leader.process.signal('SIGKILL');
    const next = await cluster.leader(cluster.others(leader));
    await next.process.waitFor(CHECK, 429);
    expect(await fetchJson(next.port, CHECK)).to.deep.include({ StatusCode: 429, Value: 7.5 });
    expect(await throttledApps(next)).to.include('archive');
    await cluster.restart(leader);
    await cluster.joined(leader);
    expect(await statusOf(leader, '/leader-check'), 'the node that came back').to.equal(404);
    expect(await statusOf(next, '/leader-check'), 'the leader it came back to').to.equal(200);
  });

  it('keeps all acknowledged commands when all nodes are killed at once', async () => {
    const apps = Array.from({ length: 20 }, (_, number) => `kept${number}`);
    for (const [index, app] of apps.entries()) await throttleBy(cluster.nodes[index % 3]!, app);
    for (const node of cluster.nodes) node.process.signal('SIGKILL');
    await Promise.all(cluster.nodes.map((node) => node.process.exited));
    for (const node of cluster.nodes) node.start();
    const leader = await cluster.leader();
    expect(await throttledApps(leader)).to.include.members(apps);
  });

  it('transfers leadership on SIGTERM before the leader exits with code 0', async () => {
    const leader = await cluster.leader();
    const watch = new LeaderWatch(cluster.nodes);
    leader.process.signal('SIGTERM');
    const next = await cluster.leader(cluster.others(leader));
    expect(await leader.process.exited).to.deep.equal({ code: 0, signal: null });
    await watch.end();
    const firstOfNext = watch.yesOf(next)[0] ?? { answeredAtMs: performance.now() };
    for (const { sentAtMs } of watch.yesOf(leader)) {
      expect(sentAtMs, 'a yes of the old leader').to.be.below(firstOfNext.answeredAtMs);
    }
  });

  it('never has two leaders when the leader is paused', async () => {
    const leader = await cluster.leader();
    const watch = new LeaderWatch(cluster.nodes);
    await watch.nextYes(leader);
    leader.process.signal('SIGSTOP');
    const next = await cluster.leader(cluster.others(leader));
    const takenOver = await watch.nextYes(next);
    const checked = fetchOnce(leader.port, CHECK);
    leader.process.signal('SIGCONT');
    await watch.nextAnswer(leader);
    expect((await checked).status, 'a check that waited for the paused leader').to.equal(404);
    await watch.end();
    const late = watch.yesOf(leader).filter(({ sentAtMs }) => sentAtMs > takenOver.answeredAtMs);
    expect(late, 'yes of the paused leader after the next one').to.deep.equal([]);
    expect(await throttleAndList(leader)).to.include('after-pause');
  });

  it('responds 503 to commands without a majority, and changes nothing', async () => {
    const leader = await cluster.leader();
    for (const follower of cluster.others(leader)) follower.process.signal('SIGKILL');
    // A command before the leader has noticed has an unknown outcome.
    await until(async () => {
      const status = await statusOf(leader, '/throttle-app/nightly');
      expect(status).to.be.oneOf([503, 504]);
      return status === 503;
    });
    const { body } = await fetchOnce(leader.port, '/throttle-app/late');
    expect(JSON.parse(body)).to.deep.include({ StatusCode: 503 });
    expect(await statusOf(leader, '/leader-check')).to.equal(404);
    expect(await statusOf(leader, CHECK)).to.equal(404);
    for (const follower of cluster.others(leader)) await cluster.restart(follower);
    expect(await throttledApps(await cluster.leader())).not.to.include('late');
  });

  async function throttleAndList(node: FrenoNode): Promise<string[]> {
    await cluster.joined(node);
    await throttleBy(node, 'after-pause');
    return throttledApps(node);
  }
});
