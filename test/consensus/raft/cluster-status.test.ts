/** What nodes know of each other, and leadership that an operator hands over. */
import { expect } from 'chai';
import { encodePing } from '../../../src/consensus/raft/codec/handshake.js';
import { decodeMessage, encodeMessage } from '../../../src/consensus/raft/codec/messages.js';
import {
  decodeNodeReport,
  encodeNodeReport,
  isNodeReport,
  type NodeReport,
} from '../../../src/consensus/raft/codec/node-report.js';
import { PeerReports } from '../../../src/consensus/raft/peer-reports.js';
import type { ClusterNode } from '../../../src/contracts/consensus.js';
import { failureOf } from '../../support/failure.js';
import { until } from '../../support/until.js';
import { RaftTestCluster, type RaftTestNode } from './support/cluster.js';

const REPORT: NodeReport = {
  role: 'leader',
  term: 7,
  commitIndex: Number.MAX_SAFE_INTEGER,
  appliedIndex: 12,
  unixMs: 1_795_400_937_123,
  version: '1.2.3',
  configHash: 2 ** 48 - 1,
  listenPort: 8087,
};

describe('the report of a node', () => {
  it('arrives as it was sent', () => {
    const body = encodeNodeReport(REPORT);
    expect(isNodeReport(body)).to.equal(true);
    expect(decodeNodeReport(body)).to.deep.equal(REPORT);
  });

  it('is no message of the algorithm, and no such message is a report', () => {
    expect(() => decodeMessage(encodeNodeReport(REPORT), 'a:1', 'b:1')).to.throw(/unknown kind/);
    const route = { from: 'a:1', to: 'b:1' };
    const vote = encodeMessage({ kind: 'voteResponse', ...route, term: 16, granted: true });
    for (const body of [encodePing(), vote, new Uint8Array()]) {
      expect(isNodeReport(body)).to.equal(false);
    }
  });

  it('is refused when it is malformed, and its version is bounded', () => {
    const body = encodeNodeReport({ ...REPORT, version: 'x'.repeat(1_000) });
    expect(decodeNodeReport(body).version).to.have.length(40);
    expect(() => decodeNodeReport(body.subarray(0, 20))).to.throw(/cannot be decoded/);
  });

  it('is sent only to peers whose release reads it', async () => {
    const sent: string[] = [];
    let report: () => void = () => {};
    const reported = new Promise<void>((resolve) => {
      report = resolve;
    });
    const reports = new PeerReports({
      peers: ['older:1', 'newer:1'],
      isRead: (peer) => peer === 'newer:1',
      own: () => REPORT,
      send: (to) => {
        sent.push(to);
        report();
      },
      unixMs: Date.now,
    });
    reports.start();
    await reported;
    reports.stop();
    expect(sent).to.deep.equal(['newer:1']);
  });
});

describe('the status of a Raft cluster', () => {
  let cluster: RaftTestCluster;

  beforeEach(async () => {
    cluster = await RaftTestCluster.started({ size: 3 });
  });

  afterEach(() => cluster.stop());

  function seen(by: RaftTestNode, of: RaftTestNode): ClusterNode {
    return by.consensus.cluster().Nodes.find(({ Node }) => Node === of.name)!;
  }

  it('has role, log, version, configuration and clock of every node, on each', async () => {
    const leader = await cluster.leader();
    const [follower, other] = (await cluster.followers()) as [RaftTestNode, RaftTestNode];
    other.description = { version: '1.2.4', configHash: 8, listenPort: 8087 };
    other.clockErrorMs = 60_000;
    await until(
      () => seen(follower, leader).Role === 'Leader' && seen(follower, other).Version === '1.2.4',
    );
    const status = follower.consensus.cluster();
    const host = leader.name.split(':')[0];
    expect(status).to.include({
      Self: follower.name,
      Leader: leader.name,
      LeaderHTTP: `${host}:8087`,
    });
    expect(status.Nodes.map(({ Node }) => Node)).to.deep.equal(
      cluster.nodes.map(({ name }) => name).sort(),
    );
    const { term } = leader.consensus.raftMetrics();
    expect(seen(follower, leader)).to.include({
      HTTP: `${host}:8087`,
      Role: 'Leader',
      Term: term,
      Version: '1.2.3',
      ConfigHash: 7,
      SameConfig: true,
      Error: '',
    });
    expect(seen(follower, follower)).to.include({
      Role: 'Follower',
      Term: term,
      LastContactMillis: 0,
      SameConfig: true,
      ClockDifferenceMillis: 0,
    });
    expect(seen(follower, other)).to.include({ SameConfig: false, ConfigHash: 8 });
    await until(() => (seen(follower, other).ClockDifferenceMillis ?? 0) > 50_000);
    expect(seen(follower, other).ClockDifferenceMillis).to.be.at.most(60_000);
  });

  it('says which node is not reached, and for how long nothing was heard of it', async () => {
    const leader = await cluster.leader();
    const [follower, other] = (await cluster.followers()) as [RaftTestNode, RaftTestNode];
    await until(() => seen(leader, other).Version !== null);
    await other.consensus.stop();
    await until(() => seen(leader, other).Error !== '');
    expect(seen(leader, other)).to.include({ Role: null, Version: '1.2.3' });
    const before = seen(leader, other).LastContactMillis!;
    await until(() => seen(leader, other).LastContactMillis! > before + 20);
    expect(seen(leader, follower)).to.include({ Error: '' });
  });

  describe('handed over', () => {
    it('goes to another node at once, and the old leader names it', async () => {
      const leader = await cluster.leader();
      await cluster.followers();
      const next = await leader.consensus.yieldLeadership();
      const node = cluster.nodes.find(({ name }) => name === next)!;
      expect(node).not.to.equal(leader);
      expect(node.consensus.status().IsLeader).to.equal(true);
      expect(leader.consensus.status()).to.include({ IsLeader: false, Leader: next });
    });

    it('is refused by a follower, which names the leader', async () => {
      const leader = await cluster.leader();
      const [follower] = await cluster.followers();
      const failure = await failureOf(follower!.consensus.yieldLeadership());
      expect(failure.code).to.equal('CONFLICT');
      expect(failure.message).to.include(`the leader is ${leader.name}`);
    });

    it('is refused when no other node responds, and the leader leads on', async () => {
      const leader = await cluster.leader();
      const followers = await cluster.followers();
      await Promise.all(followers.map(({ consensus }) => consensus.stop()));
      // Until its lease has ended it leads, but nothing of a follower arrives any more.
      const failure = await failureOf(leader.consensus.yieldLeadership());
      expect(failure.code).to.equal('CONFLICT');
    });
  });
});

describe('a Raft node without peers', () => {
  it('hands leadership over to none, and is the whole cluster', async () => {
    const cluster = await RaftTestCluster.started({ size: 1 });
    const node = await cluster.leader();
    const failure = await failureOf(node.consensus.yieldLeadership());
    expect(failure).to.include({ code: 'CONFLICT' });
    expect(failure.message).to.include('the only node');
    const { Self, Leader, Nodes } = node.consensus.cluster();
    expect([Self, Leader]).to.deep.equal([node.name, node.name]);
    expect(Nodes).to.have.length(1);
    await cluster.stop();
  });
});
