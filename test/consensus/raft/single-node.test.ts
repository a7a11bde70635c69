/** Consensus by Raft over SQLite, with one node. */
import { expect } from 'chai';
import type { Command } from '../../../src/throttle/commands.js';
import { failureOf } from '../../support/failure.js';
import { until } from '../../support/until.js';
import { RaftTestCluster, throttle } from './support/cluster.js';

describe('a single Raft node', () => {
  let cluster: RaftTestCluster;
  beforeEach(async () => {
    cluster = await RaftTestCluster.started({ size: 1, snapshotEntries: 100 });
  });
  afterEach(() => cluster.stop());

  it('becomes leader at once, with a lease that never ends', async () => {
    const node = await cluster.leader();
    expect(node.observer.leaseUntilMs).to.equal(Number.POSITIVE_INFINITY);
    expect(node.observer.clockOffsetMs, 'its own clock').to.equal(null);
    expect(node.observer.changes).to.deep.equal([{ leading: true, term: 1 }]);
    expect(node.consensus.status()).to.deep.include({
      ServiceID: node.name,
      Healthy: true,
      IsLeader: true,
      Leader: node.name,
      State: 'Leader',
      Majority: { Nodes: 1, Needed: 1, Reached: 1, Unreachable: {} },
    });
  });

  it('restores all acknowledged commands after a restart', async () => {
    let node = await cluster.leader();
    await Promise.all(
      Array.from({ length: 250 }, (_, at) => node.consensus.submit(throttle(`a${at}`))),
    );
    await node.consensus.submit({
      kind: 'unthrottleApp',
      atMs: Date.now(),
      key: 'a7',
      everyStore: false,
    });
    const before = node.machine.state.throttledApps(Date.now());
    await node.consensus.stop();
    node = await cluster.restart(0);
    await cluster.leader();
    await node.consensus.readBarrier();
    expect(before.length).to.equal(249);
    expect(node.machine.state.throttledApps(Date.now())).to.deep.equal(before);
    expect(node.machine.applied).to.be.lessThan(250);
  });

  it('acknowledges a command only when every thread has seen it', async () => {
    const node = await cluster.leader();
    let open = (): void => {};
    node.machine.gate = new Promise((resolve) => {
      open = resolve;
    });
    let isAnswered = false;
    const change = node.consensus.submit(throttle('gated')).then(() => {
      isAnswered = true;
    });
    await until(() => node.machine.has('gated'));
    const read = node.consensus.readBarrier().then(() => expect(isAnswered).to.equal(true));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(isAnswered).to.equal(false);
    open();
    await Promise.all([change, read]);
  });

  it('has no lease before every thread has seen all that was acknowledged earlier', async () => {
    const before = await cluster.leader();
    await before.consensus.submit(throttle('acknowledged'));
    await before.consensus.stop();
    const node = cluster.freshNode(0);
    cluster.nodes[0] = node;
    let open = (): void => {};
    node.machine.settling = new Promise((resolve) => {
      open = resolve;
    });
    await node.consensus.start();
    await until(() => node.machine.has('acknowledged'));
    await new Promise(setImmediate);
    expect(node.observer.leading).to.equal(true);
    expect(node.observer.hasLease, 'while a thread has not seen it').to.equal(false);
    open();
    await cluster.leader();
  });

  it('refuses a command that the log cannot hold', async () => {
    const node = await cluster.leader();
    const broken: Command = { ...throttle('a'), atMs: Number.NaN };
    expect((await failureOf(node.consensus.submit(broken))).code).to.equal('BAD_REQUEST');
    const huge = throttle('a'.repeat(100_000));
    expect((await failureOf(node.consensus.submit(huge))).code).to.equal('BAD_REQUEST');
    await node.consensus.submit(throttle('fine'));
  });

  it('refuses commands beyond its queue, and applies all others', async () => {
    const node = await cluster.leader();
    const results = await Promise.allSettled(
      Array.from({ length: 17_000 }, (_, at) => node.consensus.submit(throttle(`q${at}`))),
    );
    const refused = results.filter((result) => result.status === 'rejected');
    expect(refused.length).to.equal(17_000 - 16_384);
    for (const { reason } of refused) expect(reason).to.have.property('code', 'OVERLOADED');
    expect(node.machine.state.throttledApps(Date.now()).length).to.equal(16_384);
  });

  it('restarts from its disk when a command cannot be applied', async () => {
    const node = await cluster.leader();
    await node.consensus.submit(throttle('before'));
    node.machine.breaks = true;
    const outcome = failureOf(node.consensus.submit(throttle('in-between')));
    await until(() => !node.observer.leading);
    expect((await outcome).code).to.equal('OUTCOME_UNKNOWN');
    expect(node.consensus.status()).to.deep.include({
      Healthy: false,
      State: 'Unhealthy',
      Majority: null,
    });
    expect(node.consensus.raftMetrics()).to.include({ nodesNeeded: 1, nodesReached: 0 });
    expect((await failureOf(node.consensus.submit(throttle('now')))).code).to.equal('NO_LEADER');
    expect(node.log.warnings().join()).to.contain(
      'a thread is gone: this node stopped participating',
    );
    await cluster.leader();
    await node.consensus.readBarrier();
    expect(['before', 'in-between', 'now'].map((key) => node.machine.has(key))).to.deep.equal([
      true,
      true,
      false,
    ]);
  });

  it('restarts once when several commands in flight cannot be applied', async () => {
    const node = await cluster.leader();
    let fail: (error: Error) => void = () => {};
    node.machine.gate = new Promise((_, reject) => {
      fail = reject;
    });
    const outcomes: Array<Promise<unknown>> = [];
    for (const key of ['first', 'second']) {
      outcomes.push(failureOf(node.consensus.submit(throttle(key))));
      await until(() => node.machine.has(key));
    }
    fail(new Error('a thread is gone'));
    node.machine.gate = Promise.resolve();
    await Promise.all(outcomes);
    await cluster.leader();
    await node.consensus.submit(throttle('third'));
    // A second start, at the same time, would have found the directory in use by the first.
    expect(node.log.warnings().filter((line) => line.includes('in use'))).to.deep.equal([]);
  });

  it('logs one failure and one recovery, though it fails repeatedly', async () => {
    const node = await cluster.leader();
    for (const key of ['first', 'second']) {
      node.machine.breaks = true;
      const outcome = failureOf(node.consensus.submit(throttle(key)));
      await until(() => !node.observer.leading);
      await outcome;
      await cluster.leader();
    }
    const faults = node.log.warnings().filter((line) => line.includes('participat'));
    expect(faults.map((line) => line.replace(/ from .*/, ''))).to.deep.equal([
      'raft: a thread is gone: this node stopped participating, and restarts',
      'raft: this node participates again',
    ]);
  });

  it('refuses requests after it was stopped', async () => {
    const node = await cluster.leader();
    await node.consensus.stop();
    expect(node.observer.leading).to.equal(false);
    expect((await failureOf(node.consensus.submit(throttle('late')))).code).to.equal('NO_LEADER');
    expect((await failureOf(node.consensus.readBarrier())).code).to.equal('NO_LEADER');
  });

  it('refuses to start when RaftNodes does not list it', async () => {
    const node = cluster.freshNode(0, { nodes: ['10.0.0.1:1', '10.0.0.2:1'] });
    const { code, message } = await failureOf(node.consensus.start());
    expect(code).to.equal('CONFIG');
    expect(message).to.contain('RaftNodes must list this node').and.contain(node.name);
  });
});
