/** Consensus by Raft over real TCP and SQLite: one node, and several. */
import { rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { expect } from 'chai';
import { monotonicMs } from '../../../src/base/clock.js';
import { encodeHello, PROTOCOL_VERSION } from '../../../src/consensus/raft/codec/handshake.js';
import { frameOf } from '../../../src/consensus/raft/transport/frame.js';
import type { Command } from '../../../src/throttle/commands.js';
import { failureOf } from '../../support/failure.js';
import { until } from '../../support/until.js';
import { TestCluster, type TestNode, throttle } from './support/cluster.js';

describe('a node alone', () => {
  let cluster: TestCluster;
  beforeEach(async () => {
    cluster = await TestCluster.started({ size: 1, snapshotEntries: 100 });
  });
  afterEach(() => cluster.stop());

  it('leads at once, for ever', async () => {
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
    });
  });

  it('has after a restart all that it acknowledged, in its log and in its snapshots', async () => {
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

  it('answers only when every thread has seen the change', async () => {
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

  it('acts as leader once every thread has seen all that was acknowledged before', async () => {
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

  it('refuses a command that no log can hold, and goes on', async () => {
    const node = await cluster.leader();
    const broken: Command = { ...throttle('a'), atMs: Number.NaN };
    expect((await failureOf(node.consensus.submit(broken))).code).to.equal('BAD_REQUEST');
    const huge = throttle('a'.repeat(100_000));
    expect((await failureOf(node.consensus.submit(huge))).code).to.equal('BAD_REQUEST');
    await node.consensus.submit(throttle('fine'));
  });

  it('refuses what goes beyond its queue, and does all the rest', async () => {
    const node = await cluster.leader();
    const results = await Promise.allSettled(
      Array.from({ length: 17_000 }, (_, at) => node.consensus.submit(throttle(`q${at}`))),
    );
    const refused = results.filter((result) => result.status === 'rejected');
    expect(refused.length).to.equal(17_000 - 16_384);
    for (const { reason } of refused) expect(reason).to.have.property('code', 'OVERLOADED');
    expect(node.machine.state.throttledApps(Date.now()).length).to.equal(16_384);
  });

  it('stops leading when the state cannot be applied, says so, and starts again from its disk', async () => {
    const node = await cluster.leader();
    await node.consensus.submit(throttle('before'));
    node.machine.breaks = true;
    const outcome = failureOf(node.consensus.submit(throttle('in-between')));
    await until(() => !node.observer.leading);
    expect((await outcome).code).to.equal('OUTCOME_UNKNOWN');
    expect(node.consensus.status()).to.deep.include({ Healthy: false, State: 'Unhealthy' });
    expect((await failureOf(node.consensus.submit(throttle('now')))).code).to.equal('NO_LEADER');
    expect(node.log.warnings().join()).to.contain('a thread is gone: this node takes no part');
    await cluster.leader();
    await node.consensus.readBarrier();
    expect(['before', 'in-between', 'now'].map((key) => node.machine.has(key))).to.deep.equal([
      true,
      true,
      false,
    ]);
  });

  it('starts again once when several changes under way cannot be applied', async () => {
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

  it('says once that it fails and once that it takes part again, though it fails again and again', async () => {
    const node = await cluster.leader();
    for (const key of ['first', 'second']) {
      node.machine.breaks = true;
      const outcome = failureOf(node.consensus.submit(throttle(key)));
      await until(() => !node.observer.leading);
      await outcome;
      await cluster.leader();
    }
    const faults = node.log.warnings().filter((line) => line.startsWith('raft: '));
    expect(faults.map((line) => line.replace(/ from .*/, ''))).to.deep.equal([
      'raft: a thread is gone: this node takes no part, and starts again',
      'raft: this node takes part again',
    ]);
  });

  it('takes no requests after its stop', async () => {
    const node = await cluster.leader();
    await node.consensus.stop();
    expect(node.observer.leading).to.equal(false);
    expect((await failureOf(node.consensus.submit(throttle('late')))).code).to.equal('NO_LEADER');
    expect((await failureOf(node.consensus.readBarrier())).code).to.equal('NO_LEADER');
  });

  it('is refused when its list of nodes does not name it', async () => {
    const node = cluster.freshNode(0, { nodes: ['10.0.0.1:1', '10.0.0.2:1'] });
    const { code, message } = await failureOf(node.consensus.start());
    expect(code).to.equal('CONFIG');
    expect(message).to.contain('RaftNodes must list this node').and.contain(node.name);
  });
});

describe('three nodes', () => {
  let cluster: TestCluster;
  beforeEach(async () => {
    cluster = await TestCluster.started({ size: 3, snapshotEntries: 200 });
  });
  afterEach(() => cluster.stop());

  async function submitMany(node: TestNode, prefix: string, count: number): Promise<void> {
    await Promise.all(
      Array.from({ length: count }, (_, at) => node.consensus.submit(throttle(`${prefix}${at}`))),
    );
  }

  it('take a command at any of them, and answer when it is applied there', async () => {
    const leader = await cluster.leader();
    await cluster.followers();
    for (const node of cluster.nodes) {
      await submitMany(node, `at-${node.name}-`, 50);
      expect(node.machine.has(`at-${node.name}-49`)).to.equal(true);
    }
    await until(() => cluster.nodes.every(({ machine }) => machine.applied === 150));
    const expected = leader.machine.state.throttledApps(0);
    for (const { machine } of cluster.nodes) {
      expect(machine.state.throttledApps(0)).to.deep.equal(expected);
    }
  });

  it('lead one at a time: the next leader has its lease after the last one has lost its own', async () => {
    const first = await cluster.leader();
    await cluster.followers();
    const lastLeaseMs = first.observer.leaseUntilMs;
    const others = cluster.nodes.filter((node) => node !== first);
    const stopped = first.consensus.stop();
    expect(first.observer.hasLease && monotonicMs() > lastLeaseMs).to.equal(false);
    await until(() => {
      const leaders = cluster.nodes.filter(({ observer }) => observer.hasLease);
      expect(leaders.length).to.be.at.most(1);
      return others.some(({ observer }) => observer.hasLease);
    });
    await stopped;
    const terms = cluster.nodes.flatMap(({ observer }) =>
      observer.changes.filter(({ leading }) => leading).map(({ term }) => term),
    );
    expect(new Set(terms).size).to.equal(terms.length);
  });

  it('hand over on stop without an election time-out', async () => {
    const first = await cluster.leader();
    const others = await cluster.followers();
    await first.consensus.stop();
    expect(others.some(({ observer }) => observer.leading)).to.equal(true);
    expect(first.observer.changes.at(-1)?.leading).to.equal(false);
  });

  it('tell in the log who leads, who no longer does, and which peer went and came back', async () => {
    const first = await cluster.leader();
    const at = cluster.nodes.indexOf(first);
    await cluster.followers();
    await first.consensus.stop();
    const second = await cluster.leader();
    await cluster.restart(at);
    const told = ['this node leads', 'this node leads no longer'];
    const leading = (node: TestNode) => node.log.warnings().filter((line) => told.includes(line));
    expect(leading(first)).to.deep.equal(told);
    expect(leading(second)).to.deep.equal(['this node leads']);
    // Nodes that start together may each come too early for the other: what is told before the stop is no matter.
    const ofPeers = () => second.log.warnings().filter((line) => line.startsWith('peer '));
    await until(() => ofPeers().at(-1) === 'peer connected' && ofPeers().at(-2) === 'peer lost');
  });

  it('refuse commands with a reason while there is no majority, and lose the lease', async () => {
    const leader = await cluster.leader();
    const followers = await cluster.followers();
    await Promise.all(followers.map(({ consensus }) => consensus.stop()));
    const pending = failureOf(leader.consensus.submit(throttle('limbo')));
    await until(() => !leader.observer.leading);
    expect(leader.observer.hasLease).to.equal(false);
    expect((await failureOf(leader.consensus.submit(throttle('none')))).code).to.equal('NO_LEADER');
    expect((await pending).code).to.equal('OUTCOME_UNKNOWN');
    expect(leader.consensus.status()).to.deep.include({
      Healthy: false,
      Leader: '',
      IsLeader: false,
    });
  });

  it('lose nothing acknowledged when the leader goes and comes back', async () => {
    const first = await cluster.leader();
    await cluster.followers();
    await submitMany(first, 'one-', 300);
    const at = cluster.nodes.indexOf(first);
    await first.consensus.stop();
    const second = await cluster.leader();
    await submitMany(second, 'two-', 300);
    const again = await cluster.restart(at);
    await until(() => again.machine.has('one-299') && again.machine.has('two-299'));
    expect(again.machine.state.throttledApps(0)).to.deep.equal(
      second.machine.state.throttledApps(0),
    );
  });

  it('judge by the clocks of the others when that of the leader is set wrong, and say so', async () => {
    const day = 86_400_000;
    const saysSo = ({ log }: TestNode): boolean =>
      log.warnings().some((line) => line.includes('the clock of this node differs'));
    let leader: TestNode;
    do {
      for (const node of cluster.nodes) node.wrongByMs = 0;
      leader = await cluster.leader();
      leader.wrongByMs = -day;
      await until(() => saysSo(leader) || !leader.observer.leading);
    } while (!saysSo(leader));
    const [follower] = await cluster.followers();
    const offByMs = monotonicMs() + leader.observer.clockOffsetMs! - Date.now();
    expect(offByMs).to.be.within(-1000, 1000);
    for (const [at, node] of [leader, follower!].entries()) {
      const atMs = node.unixMs();
      const key = `for-a-minute-${at}`;
      const command: Command = { kind: 'throttleApp', atMs, key, expireAtMs: atMs + 60_000 };
      await node.consensus.submit(command);
      const entry = node.machine.state.throttledApp(key, Date.now());
      expect(entry?.expireAtMs).to.be.within(Date.now() + 50_000, Date.now() + 61_000);
    }
  });

  it('take other times by restarts, one after the other, and count the lease by what followers promise', async () => {
    const { electionMs } = (await cluster.leader()).options;
    for (let at = 0; at < cluster.nodes.length; at++) {
      await cluster.nodes[at]!.consensus.stop();
      await cluster.restart(at, { electionMs: 2 * electionMs });
      await (await cluster.leader()).consensus.submit(throttle(`after-${at}`));
    }
    const leader = await cluster.leader();
    await until(() => leader.observer.leaseUntilMs > monotonicMs() + 1.3 * electionMs);
    for (let at = 0; at < cluster.nodes.length; at++) {
      await cluster.nodes[at]!.consensus.stop();
      await cluster.restart(at, { electionMs });
      await cluster.leader();
    }
    const last = await cluster.leader();
    const keys = ['after-0', 'after-1', 'after-2'];
    expect(keys.filter((key) => last.machine.has(key))).to.deep.equal(keys);
    await until(() => last.observer.leaseUntilMs < monotonicMs() + electionMs);
  });

  it('bring a follower back by a snapshot when the log is gone', async () => {
    const [follower] = await cluster.followers();
    const leader = await cluster.leader();
    const at = cluster.nodes.indexOf(follower!);
    await follower!.consensus.stop();
    for (let round = 0; round < 20; round++)
      await submitMany(leader, `${'n'.repeat(200)}${round}-`, 100);
    const again = await cluster.restart(at);
    await until(() => again.machine.state.throttledApps(0).length === 2000);
    expect(again.machine.state.throttledApps(0)).to.deep.equal(
      leader.machine.state.throttledApps(0),
    );
    // Once at its start, and at least once by the leader.
    expect(again.machine.restores).to.be.at.least(2);
    expect(again.machine.applied).to.be.lessThan(2000);
    await again.consensus.submit(throttle('after'));
    await again.consensus.stop();
    const third = await cluster.restart(at);
    await until(() => third.machine.has('after') && third.machine.has(`${'n'.repeat(200)}19-99`));
  });

  it('fill a follower anew whose disk was lost, under the leader that had filled it before', async () => {
    const leader = await cluster.leader();
    const [follower] = await cluster.followers();
    await submitMany(leader, 'before-', 10);
    const at = cluster.nodes.indexOf(follower!);
    await follower!.consensus.stop();
    await rm(follower!.options.dataDir, { recursive: true });
    const again = await cluster.restart(at);
    await until(() => again.machine.has('before-9'));
    expect(leader.observer.leading).to.equal(true);
    expect(again.log.warnings()).to.deep.equal([]);
    await again.consensus.submit(throttle('after'));
  });

  it('answer reads of the leader with all that was acknowledged, and those of a follower at once', async () => {
    const leader = await cluster.leader();
    const [follower] = await cluster.followers();
    await follower!.consensus.submit(throttle('written-elsewhere'));
    await leader.consensus.readBarrier();
    expect(leader.machine.has('written-elsewhere')).to.equal(true);
    await follower!.consensus.readBarrier();
  });

  it('drop a peer that says nonsense under the name of a node, and name it', async () => {
    const leader = await cluster.leader();
    const [follower] = await cluster.followers();
    const { host, port } = leader.options.bind;
    const hello = {
      protocolVersion: PROTOCOL_VERSION,
      clusterName: 'test',
      from: follower!.name,
      to: leader.name,
    };
    await new Promise<void>((resolve) => {
      const socket = connect({ host, port }, () => {
        socket.write(frameOf(encodeHello(hello)));
        socket.write(frameOf(Buffer.from([0xff, 0xff, 0xff])));
      });
      socket.on('data', () => {});
      socket.on('error', () => {});
      socket.on('close', () => resolve());
    });
    expect(leader.log.warnings().join()).to.contain(`connection of ${follower!.name} refused`);
    // The impostor took the place of the node's own connection, which is built anew.
    let isTaken = false;
    while (!isTaken) {
      isTaken = await follower!.consensus.submit(throttle('still-here')).then(
        () => true,
        () => false,
      );
    }
    await until(() => leader.machine.has('still-here'));
  });

  it('leave a node of another cluster outside', async () => {
    const leader = await cluster.leader();
    const [follower] = await cluster.followers();
    await follower!.consensus.stop();
    const at = cluster.nodes.indexOf(follower!);
    const foreign = cluster.freshNode(at, {
      clusterName: 'other',
      dataDir: `${follower!.options.dataDir}-other`,
    });
    await foreign.consensus.start();
    await until(
      () =>
        foreign.log.warnings().length > 0 &&
        leader.log.warnings().some((line) => line.includes('RaftClusterName')),
    );
    expect(foreign.consensus.status().Leader).to.equal('');
    await foreign.consensus.stop();
  });
});
