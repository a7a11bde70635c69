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

  const nodes = async (): Promise<[FrenoNode, FrenoNode, FrenoNode]> => {
    const leader = await cluster.leader();
    const [first, second] = cluster.others(leader);
    return [first!, second!, leader];
  };

  it('keeps its entries, and refuses new commands, until its last node is upgraded', async () => {
    const [first, second, last] = await nodes();
    await ok(last, '/throttle-app/archive/ttl/0/ratio/0.5');
    await ok(first, '/skip-host/db9/ttl/600');
    let upgraded: FrenoNode[] = [];
    for (const node of [first, second]) {
      await upgrade(node);
      upgraded = [...upgraded, node];
      await ok(node, `/throttle-app/app${upgraded.length}/ttl/60`);
      const older = cluster.nodes.filter((other) => !upgraded.includes(other));
      for (const path of [
        '/exempt-app/etl',
        '/set-threshold/mysql/main/5',
        '/throttle-app/*',
        '/throttle-app/noted?reason=r',
        '/skip-host/noted?owner=o',
      ]) {
        const { status, body } = await get(node, path);
        expect(status, `${path}: ${body}`).to.equal(501);
        for (const other of older) expect(body).to.contain(addressOf(other));
        expect(body).to.contain('an earlier release that does not know it');
        expect(body).to.contain('nothing was changed');
      }
      for (const each of cluster.nodes) {
        await hasCaughtUp(each, `app${upgraded.length}`);
        const { archive, ...others } = (await fetchJson(each.port, '/throttled-apps')) as {
          readonly archive: object;
        };
        expect(archive).to.deep.equal({ ExpireAt: '0001-01-01T00:00:00Z', Ratio: 0.5 });
        expect(others).to.have.all.keys(upgraded.map((_, at) => `app${at + 1}`));
        expect(await fetchJson(each.port, '/skipped-hosts')).to.have.all.keys('db9');
      }
    }
    await upgrade(last);
    // A node may not have heard from both others at once.
    await until(async () => (await get(first, '/exempt-app/etl?reason=r')).status === 200);
    await ok(second, '/set-threshold/mysql/main/5/ttl/30');
    await ok(last, '/throttle-app/noted?owner=dba');
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
    const [back, other] = await nodes();
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
