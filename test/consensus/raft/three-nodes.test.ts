/** Consensus by Raft over real TCP and SQLite, with three nodes. */
import { rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { expect } from 'chai';
import { monotonicMs } from '../../../src/base/clock.js';
import { encodeHello, PROTOCOL_VERSION } from '../../../src/consensus/raft/codec/handshake.js';
import { encodeMessage } from '../../../src/consensus/raft/codec/messages.js';
import { frameOf } from '../../../src/consensus/raft/transport/frame.js';
import type { Command } from '../../../src/throttle/commands.js';
import { failureOf } from '../../support/failure.js';
import { until } from '../../support/until.js';
import { RaftTestCluster, type RaftTestNode, throttle } from './support/cluster.js';

describe('a Raft cluster of three nodes', () => {
  let cluster: RaftTestCluster;
  beforeEach(async () => {
    cluster = await RaftTestCluster.started({ size: 3, snapshotEntries: 200 });
  });
  afterEach(() => cluster.stop());

  async function submitMany(node: RaftTestNode, prefix: string, count: number): Promise<void> {
    await Promise.all(
      Array.from({ length: count }, (_, at) => node.consensus.submit(throttle(`${prefix}${at}`))),
    );
  }

  it('takes a command at any node, and responds when it is applied there', async () => {
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

  it('has one lease at a time, also while leadership is transferred', async () => {
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

  it('transfers leadership on stop, without an election time-out', async () => {
    const first = await cluster.leader();
    const others = await cluster.followers();
    await first.consensus.stop();
    expect(others.some(({ observer }) => observer.leading)).to.equal(true);
    expect(first.observer.changes.at(-1)?.leading).to.equal(false);
  });

  it('logs changes of leadership, lost peers and connected peers', async () => {
    const first = await cluster.leader();
    const at = cluster.nodes.indexOf(first);
    await cluster.followers();
    await first.consensus.stop();
    const second = await cluster.leader();
    await cluster.restart(at);
    const changes = ['raft: became leader', 'raft: lost leadership'];
    const leading = (node: RaftTestNode) =>
      node.log.warnings().filter((line) => changes.includes(line));
    expect(leading(first)).to.deep.equal(changes);
    expect(leading(second)).to.deep.equal(['raft: became leader']);
    // Nodes that start together may dial before the other listens: only the last two lines matter.
    const ofPeers = () => second.log.warnings().filter((line) => line.startsWith('raft: peer '));
    await until(
      () => ofPeers().at(-1) === 'raft: peer connected' && ofPeers().at(-2) === 'raft: peer lost',
    );
  });

  it('refuses commands and loses the lease without a majority', async () => {
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

  it('reports a lost majority in the log, the status and the metrics, and its return', async () => {
    const leader = await cluster.leader();
    const followers = await cluster.followers();
    expect(leader.consensus.status().Majority).to.deep.equal({
      Nodes: 3,
      Needed: 2,
      Reached: 3,
      Unreachable: {},
    });
    await Promise.all(followers.map(({ consensus }) => consensus.stop()));
    const has = (text: string) => leader.log.warnings().some((line) => line.includes(text));
    await until(() => has('2 of 3 nodes needed, reached: 1 (with this node); cannot reach '));
    const { Majority } = leader.consensus.status();
    expect(Majority).to.include({ Nodes: 3, Needed: 2, Reached: 1 });
    expect(Object.keys(Majority!.Unreachable)).to.have.members(followers.map(({ name }) => name));
    expect(leader.consensus.raftMetrics()).to.include({
      nodes: 3,
      nodesNeeded: 2,
      nodesReached: 1,
    });
    await cluster.restart(cluster.nodes.indexOf(followers[0]!));
    await until(() => has('raft: majority again: 2 of 3 nodes needed, reached: 2'));
    expect(leader.consensus.raftMetrics()).to.include({
      nodes: 3,
      nodesNeeded: 2,
      nodesReached: 2,
    });
  });

  it('loses no acknowledged command when the leader stops and comes back', async () => {
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

  it('uses the clock of the majority when that of the leader is wrong', async () => {
    const day = 86_400_000;
    const hasWarned = ({ log }: RaftTestNode): boolean =>
      log.warnings().some((line) => line.includes('the clock of this node differs'));
    let leader: RaftTestNode;
    do {
      for (const node of cluster.nodes) node.clockErrorMs = 0;
      leader = await cluster.leader();
      leader.clockErrorMs = -day;
      await until(() => hasWarned(leader) || !leader.observer.leading);
    } while (!hasWarned(leader));
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

  it('uses the clock of the majority when that of a follower is wrong', async () => {
    await cluster.leader();
    const [wrong] = await cluster.followers();
    wrong!.clockErrorMs = 86_400_000;
    const offByMs = (): number =>
      monotonicMs() + (wrong!.observer.clockOffsetMs ?? Number.NaN) - Date.now();
    await until(() => offByMs() > -1000 && offByMs() < 1000);
    const first = wrong!.observer.clockOffsetMs;
    await until(() => wrong!.observer.clockOffsetMs !== first);
    expect(offByMs(), 'a second later').to.be.within(-1000, 50);
    expect(wrong!.observer.leading).to.equal(false);
  });

  it('takes a new election time-out by a rolling restart', async () => {
    const { electionMs } = (await cluster.leader()).settings;
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

  it('sends a snapshot to a follower that is behind the compacted log', async () => {
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
    // Once at its start, and at least once by a snapshot of the leader.
    expect(again.machine.restores).to.be.at.least(2);
    expect(again.machine.applied).to.be.lessThan(2000);
    await again.consensus.submit(throttle('after'));
    await again.consensus.stop();
    const third = await cluster.restart(at);
    await until(() => third.machine.has('after') && third.machine.has(`${'n'.repeat(200)}19-99`));
  });

  it('restores a follower whose disk was lost', async () => {
    const leader = await cluster.leader();
    const [follower] = await cluster.followers();
    await submitMany(leader, 'before-', 10);
    const at = cluster.nodes.indexOf(follower!);
    await follower!.consensus.stop();
    await rm(follower!.settings.dataDir, { recursive: true });
    const again = await cluster.restart(at);
    await until(() => again.machine.has('before-9'));
    expect(leader.observer.leading).to.equal(true);
    expect(again.log.warnings()).to.deep.equal([]);
    await again.consensus.submit(throttle('after'));
  });

  it('reads all acknowledged commands on the leader, and without delay on a follower', async () => {
    const leader = await cluster.leader();
    const [follower] = await cluster.followers();
    await follower!.consensus.submit(throttle('written-elsewhere'));
    await leader.consensus.readBarrier();
    expect(leader.machine.has('written-elsewhere')).to.equal(true);
    await follower!.consensus.readBarrier();
  });

  it('refuses an invalid message under the name of a peer, and logs the name', async () => {
    const leader = await cluster.leader();
    const [follower] = await cluster.followers();
    const { host, port } = leader.settings.bind;
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
    // The impostor's connection replaced that of the node, which has to reconnect.
    let isTaken = false;
    while (!isTaken) {
      isTaken = await follower!.consensus.submit(throttle('still-here')).then(
        () => true,
        () => false,
      );
    }
    await until(() => leader.machine.has('still-here'));
  });

  it('stores nothing of a message with a term that no cluster reaches', async () => {
    const leader = await cluster.leader();
    const [follower, other] = await cluster.followers();
    const term = Number.MAX_SAFE_INTEGER;
    const route = { from: follower!.name, to: leader.name };
    const message = { kind: 'voteResponse', ...route, term, granted: false } as const;
    const hello = { protocolVersion: PROTOCOL_VERSION, clusterName: 'test', ...route };
    await new Promise<void>((resolve) => {
      const socket = connect(leader.settings.bind, () => {
        socket.write(frameOf(encodeHello(hello)));
        socket.write(frameOf(encodeMessage(message)));
      });
      socket.on('data', () => {});
      socket.on('error', () => {});
      socket.on('close', () => resolve());
    });
    expect(leader.log.warnings().join()).to.contain(`term ${term} is implausibly far ahead of`);
    await until(() =>
      other!.consensus.submit(throttle('still-here')).then(
        () => true,
        () => false,
      ),
    );
    for (const { consensus } of cluster.nodes) {
      expect(consensus.raftMetrics().term).to.be.lessThan(100);
    }
  });

  it('refuses a node of another cluster', async () => {
    const leader = await cluster.leader();
    const [follower] = await cluster.followers();
    await follower!.consensus.stop();
    const at = cluster.nodes.indexOf(follower!);
    const foreign = cluster.freshNode(at, {
      clusterName: 'other',
      dataDir: `${follower!.settings.dataDir}-other`,
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
