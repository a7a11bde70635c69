/**
 * What a host that is no member, or another one than it says, reaches on the port of peers of a
 * real cluster: nothing.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { expect } from 'chai';
import type { RaftTlsSettings } from '../../../../src/config/raft-tls.js';
import type { RaftSettings } from '../../../../src/config/settings.js';
import {
  decodeWelcome,
  encodeHello,
  PROTOCOL_VERSION,
  type Welcome,
} from '../../../../src/consensus/raft/codec/handshake.js';
import { encodeMessage, type PeerMessage } from '../../../../src/consensus/raft/codec/messages.js';
import { FrameReader, frameOf } from '../../../../src/consensus/raft/transport/frame.js';
import { type Certificate, CertificateAuthority } from '../../../support/certificates.js';
import { until } from '../../../support/until.js';
import { RaftTestCluster, type RaftTestNode, throttle } from '../support/cluster.js';

const SECRET = 'a secret of the cluster that is long enough';

/** Strangers of one address: unidentified-connections.ts. */
const LINKS_MAX = 16;

/** TLS handshakes of strangers in a second: handshake-budget.ts. */
const HANDSHAKES_MAX = 50;

interface Identity {
  readonly from: string;
  readonly to: string;
  readonly term: number;
}

/** What would change a node that believed it. */
function harmful({ from, to, term }: Identity): PeerMessage[] {
  const next = { from, to, term: term + 10 };
  const [lastIndex, lastTerm] = [1000, term + 9];
  return [
    { kind: 'preVote', ...next, lastIndex, lastTerm },
    { kind: 'vote', ...next, lastIndex, lastTerm, transferRound: 1_000_000 },
    { kind: 'heartbeat', ...next, round: 1, commit: 1, majorityUnixMs: 0 },
    { kind: 'append', ...next, prevIndex: 0, prevTerm: 0, commit: 1, entries: [] },
    { kind: 'appendResponse', ...next, index: 1, joining: false },
    { kind: 'timeoutNow', ...next, term, round: 1_000_000 },
  ];
}

/** Says who it is and what would do harm, without waiting; resolves when it is closed. */
function attack(socket: Socket, identity: Identity): Promise<Welcome[]> {
  const { from, to } = identity;
  const hello = { protocolVersion: PROTOCOL_VERSION, clusterName: 'test', from, to };
  socket.write(frameOf(encodeHello(hello)));
  for (const message of harmful(identity)) socket.write(frameOf(encodeMessage(message)));
  return new Promise((resolve) => {
    const welcomes: Welcome[] = [];
    const reader = new FrameReader((body) => welcomes.push(decodeWelcome(body)), 1 << 20);
    socket.on('data', (chunk) => reader.push(chunk));
    socket.on('error', () => {});
    socket.on('close', () => resolve(welcomes));
  });
}

describe('an attacker at the port of peers', () => {
  let cluster: RaftTestCluster;
  let authority: CertificateAuthority;
  let foreign: CertificateAuthority;
  let members: Certificate[];
  const sockets: Socket[] = [];

  before(async () => {
    authority = await CertificateAuthority.create('authority of the cluster');
    foreign = await CertificateAuthority.create('authority of another cluster');
    members = [];
    for (const name of ['n0', 'n1', 'n2']) members.push(await authority.issue(name, `DNS:${name}`));
  });

  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
  });

  after(async () => {
    await authority.remove();
    await foreign.remove();
  });

  async function startCluster(overrides: (at: number) => Partial<RaftSettings>): Promise<void> {
    cluster = await RaftTestCluster.create({ size: 3 });
    for (let at = 0; at < 3; at++) cluster.nodes[at] = cluster.freshNode(at, overrides(at));
    await Promise.all(cluster.nodes.map(({ consensus }) => consensus.start()));
    // Of both followers, so that all know the leader and are connected.
    await cluster.followers();
    for (const key of ['a', 'b']) await (await cluster.leader()).consensus.submit(throttle(key));
  }

  function withTls(at: number): Partial<RaftSettings> {
    const nodes = cluster.nodes.length > 0 ? cluster.settingsOf(0).nodes : [];
    const names = new Map(nodes.map((node, index) => [node, `n${index}`] as const));
    const { certFile, keyFile } = members[at]!;
    const tls: RaftTlsSettings = {
      ...{ caFile: authority.caFile, certFile, keyFile },
      ...{ mode: 'require', names },
    };
    return { tls };
  }

  function withSecret(): Partial<RaftSettings> {
    const file = join(cluster.directory, 'secret');
    writeFileSync(file, SECRET);
    return { secret: { value: '', file, mode: 'require' } };
  }

  function plain(node: RaftTestNode, localAddress = '127.0.0.1'): Socket {
    const socket = connect({ ...node.settings.bind, localAddress });
    socket.on('error', () => {});
    sockets.push(socket);
    return socket;
  }

  function encrypted(node: RaftTestNode, { certFile, keyFile }: Certificate): Socket {
    const socket = connectTls({
      socket: plain(node),
      cert: readFileSync(certFile),
      key: readFileSync(keyFile),
      rejectUnauthorized: false,
    });
    socket.on('error', () => {});
    return socket;
  }

  const termsOf = () => cluster.nodes.map(({ consensus }) => consensus.raftMetrics().term);

  /** All nodes are attacked in the name of each other node. */
  async function attackAll(open: (node: RaftTestNode, as: string) => Socket): Promise<Welcome[]> {
    const [leader, before] = [await cluster.leader(), termsOf()];
    const said: Welcome[] = [];
    for (const node of cluster.nodes) {
      for (const { name: from } of cluster.nodes) {
        if (from === node.name) continue;
        const identity = { from, to: node.name, term: before[0]! };
        said.push(...(await attack(open(node, from), identity)));
      }
    }
    await leader.consensus.submit(throttle('still-here'));
    expect(termsOf()).to.deep.equal(before);
    expect(await cluster.leader()).to.equal(leader);
    return said;
  }

  function expectNothingSaid(said: readonly Welcome[], reason: string): void {
    expect(said).to.have.length(6);
    for (const welcome of said) {
      expect(welcome).to.include({ clusterId: '', holdsData: false, instance: 0 });
      expect(welcome.nodes).to.deep.equal([]);
      expect(welcome.refusal).to.contain(reason);
    }
  }

  /** Opens many connections that never say who they are. */
  async function openMany(node: RaftTestNode, first: Buffer | null): Promise<void> {
    const leader = await cluster.leader();
    const before = termsOf();
    const open = new Set<Socket>();
    for (let at = 0; at < 200; at++) {
      const socket = plain(node);
      open.add(socket);
      socket.on('connect', () => first !== null && socket.write(first));
      socket.on('close', () => open.delete(socket));
      await new Promise((resolve) => socket.once('connect', resolve));
    }
    await until(() => open.size <= LINKS_MAX);
    await leader.consensus.submit(throttle('meanwhile'));
    expect(termsOf()).to.deep.equal(before);
    await until(() => open.size === 0);
  }

  describe('of a cluster with a secret', () => {
    before(() => startCluster(withSecret));
    after(() => cluster.stop());

    it('without the secret changes nothing and learns nothing', async () => {
      expectNothingSaid(await attackAll((node) => plain(node)), 'did not prove');
    });

    it('holds a bounded number of connections, for a second each', async () => {
      await openMany(await cluster.leader(), null);
    });
  });

  describe('of a cluster with TLS', () => {
    before(() => startCluster(withTls));
    after(() => cluster.stop());

    it('that talks in clear changes nothing and learns nothing', async () => {
      expectNothingSaid(await attackAll((node) => plain(node)), 'is not encrypted');
    });

    it('with a certificate of another cluster changes nothing and learns nothing', async () => {
      const certificate = await foreign.issue('n0', 'DNS:n0', 'DNS:n1', 'DNS:n2');
      const said = await attackAll((node) => encrypted(node, certificate));
      expectNothingSaid(said, 'is not signed by an authority');
    });

    it('that is a member cannot pose as another member', async () => {
      const other = (as: string) => cluster.nodes.findIndex(({ name }) => name !== as);
      const said = await attackAll((node, as) => encrypted(node, members[other(as)]!));
      expectNothingSaid(said, 'its certificate is for DNS:n');
    });

    it('holds a bounded number of connections in the middle of a handshake', async () => {
      // The begin of a record with a ClientHello that never ends.
      await openMany(await cluster.leader(), Buffer.from('16030102000100', 'hex'));
    });

    it('cannot keep a node busy with handshakes', async function () {
      // Another address than that of the peers, which Linux has.
      if (process.platform !== 'linux') this.skip();
      const [leader, before] = [await cluster.leader(), termsOf()];
      // What costs the node a handshake costs the attacker one record.
      const closed = Array.from({ length: 4 * HANDSHAKES_MAX }, () => {
        const socket = plain(leader, '127.0.0.2');
        socket.write(Buffer.from('16030102000100', 'hex'));
        return new Promise((resolve) => socket.on('close', resolve));
      });
      await Promise.all(closed);
      expect(leader.log.warnings().join()).to.contain('connections of strangers ask for TLS');
      await leader.consensus.submit(throttle('after'));
      expect(termsOf()).to.deep.equal(before);
    });
  });
});
