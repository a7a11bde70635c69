/**
 * A cluster of the previous release, upgraded one node at a time: what operators have entered
 * stays, and no node is given a command that it would misread.
 */
import { expect } from 'chai';
import type { FrenoNode } from '../../src/demo/freno-node.js';
import { TestCluster, throttledApps } from '../support/cluster.js';
import { fetchJson, fetchOnce } from '../support/http-client.js';
import { needPreviousRelease, previousRelease } from '../support/previous-release.js';
import { until } from '../support/until.js';

/** What the previous release would not know, or would read only in part. */
const NEW_COMMANDS = [
  '/exempt-app/etl',
  '/set-threshold/mysql/main/5',
  '/throttle-app/*',
  '/throttle-app/noted?reason=r',
  '/skip-host/noted?owner=o',
];

const ARCHIVE = { ExpireAt: '0001-01-01T00:00:00Z', Ratio: 0.5 };

const UNKNOWN_COMMAND = 'which this release does not know: a newer one wrote it';

describe('a cluster of the previous release', function () {
  // The first run builds that release.
  this.timeout(180_000);

  let cluster: TestCluster;
  let launcher: string;

  before(async function () {
    needPreviousRelease(this);
    launcher = previousRelease();
    cluster = await TestCluster.start(3, {}, { flags: { launcher } });
  });

  after(() => cluster?.stop());

  const addressOf = (node: FrenoNode): string => String(node.configuration.RaftBind);
  const get = (node: FrenoNode, path: string) => fetchOnce(node.port, path);

  async function ok(node: FrenoNode, path: string): Promise<void> {
    const { status, body } = await get(node, path);
    expect(status, `${path}: ${body}`).to.equal(200);
  }

  /** The node ends and comes back as this release. */
  async function upgrade(node: FrenoNode): Promise<void> {
    await node.stop();
    node.start({});
    await cluster.joined(node);
    await cluster.leader();
  }

  /** The node has heard of the last command that any node acknowledged. */
  async function hasCaughtUp(node: FrenoNode, app: string): Promise<void> {
    await until(async () => (await throttledApps(node)).includes(app));
  }

  /** The leader, and the others. */
  async function roles(): Promise<[FrenoNode, FrenoNode, FrenoNode]> {
    const leader = await cluster.leader();
    const [first, second] = cluster.others(leader);
    return [leader, first!, second!];
  }

  /** New commands are refused on these nodes because of those, and nothing is lost anywhere. */
  async function expectMixed(upgraded: FrenoNode[], older: FrenoNode[]): Promise<void> {
    for (const node of upgraded) {
      for (const path of NEW_COMMANDS) {
        const { status, body } = await get(node, path);
        expect(status, `${path}: ${body}`).to.equal(501);
        for (const other of older) expect(body).to.contain(addressOf(other));
        expect(body).to.contain('an earlier release that does not know it');
        expect(body).to.contain('nothing was changed');
      }
    }
    for (const [index, node] of cluster.nodes.entries()) {
      await ok(node, `/throttle-app/app${index}/ttl/60`);
      for (const each of cluster.nodes) await hasCaughtUp(each, `app${index}`);
    }
    for (const node of cluster.nodes) {
      const throttled = await fetchJson(node.port, '/throttled-apps');
      expect(throttled).to.have.all.keys('archive', 'app0', 'app1', 'app2');
      expect(throttled).to.have.property('archive').that.deep.equals(ARCHIVE);
      expect(await fetchJson(node.port, '/skipped-hosts')).to.have.all.keys('db9');
    }
  }

  it('keeps its entries, and refuses new commands, until its last node is upgraded', async () => {
    const [leader, first, second] = await roles();
    await ok(leader, '/throttle-app/archive/ttl/0/ratio/0.5');
    await ok(first, '/skip-host/db9/ttl/600');
    await upgrade(first);
    await expectMixed([first], [leader, second]);

    // A node that has used nothing new can be set back.
    await first.stop();
    first.start({ launcher });
    await cluster.joined(first);
    await hasCaughtUp(first, 'app2');
    await upgrade(first);

    await upgrade(leader);
    if ((await cluster.leader()) === second) {
      await second.stop();
      second.start({ launcher });
      await cluster.joined(second);
    }
    await expectMixed([first, leader], [second]);

    await upgrade(second);
    // A node may not have heard from both others at once.
    await until(async () => (await get(first, '/exempt-app/etl?reason=r')).status === 200);
    await ok(second, '/set-threshold/mysql/main/5/ttl/30');
    await ok(leader, '/throttle-app/noted?owner=dba');
    expect(await throttledApps(await cluster.leader())).to.include.members(['archive', 'noted']);
  });

  it('is a cluster of this release then, whose entries survive a crash of all', async () => {
    for (const node of cluster.nodes) node.process.signal('SIGKILL');
    await Promise.all(cluster.nodes.map((node) => node.process.exited));
    for (const node of cluster.nodes) node.start({});
    const leader = await cluster.leader();
    const exempted = await fetchJson(leader.port, '/exempted-apps');
    expect(exempted).to.have.nested.include({ 'etl.Reason': 'r' });
    const thresholds = await fetchJson(leader.port, '/thresholds');
    expect(thresholds).to.have.nested.include({ 'mysql/main.Threshold': 5 });
    const throttled = await fetchJson(leader.port, '/throttled-apps');
    expect(throttled).to.have.nested.include({ 'archive.Ratio': 0.5, 'noted.Owner': 'dba' });
  });

  it('goes on without a node that is set back, which loses and misreads nothing', async () => {
    const [, back, other] = await roles();
    await back.stop();
    back.start({ launcher });
    await until(() => back.process.log.includes(UNKNOWN_COMMAND));
    await ok(other, '/exempt-app/late?reason=while+a+member+is+away');
    await back.stop();
    back.start({});
    await cluster.joined(back);
    await until(async () => {
      const exempted = await fetchJson(back.port, '/exempted-apps');
      return 'late' in (exempted as object);
    });
    expect(await throttledApps(back)).to.include.members(['archive', 'noted']);
  });
});
