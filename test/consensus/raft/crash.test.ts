/** Nodes as child processes that are killed, or whose disk is full. */
import { expect } from 'chai';
import { failureOf } from '../../support/failure.js';
import { until } from '../../support/until.js';
import { ChildNode } from './support/child.js';
import { RaftTestCluster, throttle } from './support/cluster.js';

/** Acknowledged commands after which a node is killed. */
const ACKNOWLEDGED_MIN = 300;

describe('a node whose process ends or whose disk fails', () => {
  let cluster: RaftTestCluster;
  const children: ChildNode[] = [];

  afterEach(async () => {
    for (const child of children.splice(0)) await child.end('SIGKILL');
    await cluster.stop();
  });

  function child(...args: ConstructorParameters<typeof ChildNode>): ChildNode {
    const made = new ChildNode(...args);
    children.push(made);
    return made;
  }

  it('has all acknowledged commands after kill -9 during writes', async () => {
    cluster = await RaftTestCluster.create({ size: 1, snapshotEntries: 150 });
    const acknowledged: string[] = [];
    for (const prefix of ['first-', 'second-', 'third-']) {
      const victim = child(cluster.settingsOf(0), { prefix });
      await until(() => victim.acknowledged.length >= ACKNOWLEDGED_MIN);
      await victim.end('SIGKILL');
      acknowledged.push(...victim.acknowledged);
    }
    const survivor = await cluster.restart(0);
    await cluster.leader();
    await survivor.consensus.readBarrier();
    expect(acknowledged.length).to.be.at.least(3 * ACKNOWLEDGED_MIN);
    for (const key of acknowledged) expect(survivor.machine.has(key), key).to.equal(true);
  });

  it('locks its data directory until its process ends, also by kill -9', async () => {
    cluster = await RaftTestCluster.create({ size: 1 });
    const owner = child(cluster.settingsOf(0));
    await owner.says('leading');
    const node = cluster.nodes[0]!;
    const { code, message } = await failureOf(node.consensus.start());
    expect(code).to.equal('RESOURCE');
    expect(message).to.equal(
      `RaftDataDir: ${node.settings.dataDir}/freno-raft.db is in use by another process; ` +
        'stop that one, or name another directory',
    );
    await owner.end('SIGKILL');
    await node.consensus.start();
    await cluster.leader();
  });

  it('keeps the lock after a second node in the same process was refused', async () => {
    cluster = await RaftTestCluster.started({ size: 1 });
    await failureOf(cluster.freshNode(0).consensus.start());
    const second = child(cluster.settingsOf(0));
    const { dataDir } = cluster.settingsOf(0);
    await second.says(
      `failed RaftDataDir: ${dataDir}/freno-raft.db is in use by another process; ` +
        'stop that one, or name another directory',
    );
  });

  it('stops leading when its disk is full, and acknowledges only what it stored', async () => {
    cluster = await RaftTestCluster.create({ size: 1 });
    const victim = child(cluster.settingsOf(0), { prefix: 'full-', fileKilobytesMax: 600 });
    await until(() => victim.said.includes('following'));
    await until(() => victim.said.includes('refused OUTCOME_UNKNOWN'));
    await victim.end('SIGKILL');
    expect(victim.logged.join('\n')).to.match(/SQLITE_(FULL|IOERR).*stopped participating/);
    const survivor = await cluster.restart(0);
    await cluster.leader();
    await survivor.consensus.readBarrier();
    expect(victim.acknowledged.length).to.be.greaterThan(0);
    for (const key of victim.acknowledged) expect(survivor.machine.has(key), key).to.equal(true);
  });

  it('is replaced by a leader that has all that it acknowledged', async () => {
    cluster = await RaftTestCluster.create({ size: 3 });
    const [, second, third] = cluster.nodes;
    const victim = child(cluster.settingsOf(0), { prefix: 'led-' });
    await Promise.all([second!.consensus.start(), third!.consensus.start()]);
    const survivors = [second!, third!];
    const hasEnough = (): boolean => victim.acknowledged.length >= ACKNOWLEDGED_MIN;
    // Another node that becomes leader meanwhile transfers leadership.
    while (!hasEnough()) {
      await until(() => hasEnough() || survivors.some(({ observer }) => observer.hasLease));
      const other = survivors.find(({ observer }) => observer.hasLease);
      if (other === undefined) continue;
      await other.consensus.stop();
      await cluster.restart(cluster.nodes.indexOf(other));
      survivors.splice(0, 2, cluster.nodes[1]!, cluster.nodes[2]!);
    }
    await victim.end('SIGKILL');
    await until(() => survivors.some(({ observer }) => observer.hasLease));
    const leader = survivors.find(({ observer }) => observer.hasLease)!;
    await leader.consensus.submit(throttle('goes-on'));
    for (const key of victim.acknowledged) expect(leader.machine.has(key), key).to.equal(true);
  });
});
