/** TLS between nodes, with certificates made by openssl. */
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { expect } from 'chai';
import type { PeerProofMode } from '../../../../src/config/raft-secret.js';
import { encodeHello, PROTOCOL_VERSION } from '../../../../src/consensus/raft/codec/handshake.js';
import { frameOf } from '../../../../src/consensus/raft/transport/frame.js';
import { PeerCredentials } from '../../../../src/consensus/raft/transport/peer-credentials.js';
import { PeerTls } from '../../../../src/consensus/raft/transport/peer-tls.js';
import { TemporaryDirectory } from '../../../../src/demo/temporary.js';
import { type Certificate, CertificateAuthority } from '../../../support/certificates.js';
import { failureOf } from '../../../support/failure.js';
import { until } from '../../../support/until.js';
import { addressPair, TestPeer } from '../support/test-peer.js';

const NO_TLS = 'its connection is not encrypted (RaftTLS)';
const UNKNOWN_AUTHORITY = 'its certificate is not signed by an authority in RaftTLS.CAFile';

describe('peers with certificates', () => {
  const cluster = { protocolVersion: PROTOCOL_VERSION, clusterName: 'test' };
  const directory = new TemporaryDirectory();
  const running: TestPeer[] = [];
  let authority: CertificateAuthority;
  let foreign: CertificateAuthority;
  /** Certificates of two nodes, which have one address and two names. */
  let certificates: Readonly<Record<'a' | 'b', Certificate>>;
  let a: string;
  let b: string;

  before(async () => {
    authority = await CertificateAuthority.create('authority of the cluster');
    foreign = await CertificateAuthority.create('authority of another cluster');
    const [ofA, ofB] = [await authority.issue('a', 'DNS:a'), await authority.issue('b', 'DNS:b')];
    certificates = { a: ofA, b: ofB };
  });

  beforeEach(async () => {
    [a, b] = await addressPair();
  });

  afterEach(async () => {
    for (const { transport } of running.splice(0)) await transport.stop();
  });

  after(async () => {
    directory.remove();
    await authority.remove();
    await foreign.remove();
  });

  interface TestTls {
    readonly mode?: PeerProofMode;
    readonly caFile?: string;
  }

  function tlsOf({ certFile, keyFile }: Certificate, options: TestTls = {}): Promise<PeerTls> {
    const { mode = 'require', caFile = authority.caFile } = options;
    const names = new Map([
      [a, 'a'],
      [b, 'b'],
    ]);
    return PeerTls.read({ caFile, certFile, keyFile, mode, names });
  }

  async function started(name: string, other: string, tls?: PeerTls): Promise<TestPeer> {
    const credentials = tls && new PeerCredentials(null, tls);
    const peer = new TestPeer(name, [other], credentials && { credentials });
    await peer.transport.start();
    running.push(peer);
    return peer;
  }

  async function reachEachOther(one: TestPeer, two: TestPeer): Promise<void> {
    const [ofOne, ofTwo] = [one.received.length, two.received.length];
    await one.reach(two.name, 'there');
    await two.reach(one.name, 'back');
    await until(() => two.received.length > ofTwo && one.received.length > ofOne);
  }

  const faultOf = (peer: TestPeer, other: string) => peer.transport.peerFaults().get(other) ?? '';
  const refused = (reason: string) => `it refuses this node: "${reason}"`;

  it('talk to each other, in order, in messages of any length', async () => {
    const one = await started(a, b, await tlsOf(certificates.a));
    const two = await started(b, a, await tlsOf(certificates.b));
    await one.reach(b, 'first');
    const long = 'x'.repeat(1 << 20);
    one.say(b, long);
    for (let at = 0; at < 500; at++) one.say(b, `message ${at}`);
    await until(() => two.received.length === 502);
    expect(two.received[1]).to.equal(`${a} ${long}`);
    expect(two.received.at(-1)).to.equal(`${a} message 499`);
    await reachEachOther(one, two);
    expect(one.counters).to.include({ unprovenPeers: 0, refusedProofs: 0 });
    expect([...one.log.warnings(), ...two.log.warnings()].join()).not.to.contain('proved');
  });

  it('have the address of the node as the name, where RaftTLS.Names has no other', async () => {
    const [certificate, other] = await Promise.all([
      authority.issue('address', 'IP:127.0.0.1'),
      authority.issue('elsewhere', 'IP:127.0.0.2'),
    ]);
    const read = ({ certFile, keyFile }: Certificate): Promise<PeerTls> => {
      const files = { caFile: authority.caFile, certFile, keyFile };
      return PeerTls.read({ ...files, mode: 'require', names: new Map() });
    };
    const one = await started(a, b, await read(certificate));
    const two = await started(b, a, await read(certificate));
    await reachEachOther(one, two);
    await two.transport.stop();
    await started(b, a, await read(other));
    await until(() => faultOf(one, b).includes('is for IP Address:127.0.0.2, not for 127.0.0.1'));
  });

  const unusable: ReadonlyArray<readonly [string, () => Promise<Certificate>, string]> = [
    [
      'has expired',
      () => authority.issueFor([-2, -1], 'expired', 'DNS:b'),
      'its certificate, or that of its authority, has expired',
    ],
    [
      'is not yet valid',
      () => authority.issueFor([1, 2], 'future', 'DNS:b'),
      'its certificate, or that of its authority, is not yet valid',
    ],
    [
      'is of another member',
      async () => certificates.a,
      'its certificate is for DNS:a, not for b (RaftTLS.Names)',
    ],
    [
      'is of the authority of another cluster',
      () => foreign.issue('foreign', 'DNS:b'),
      UNKNOWN_AUTHORITY,
    ],
  ];
  for (const [what, issued, reason] of unusable) {
    it(`refuse one whose certificate ${what}, and both say why`, async () => {
      const one = await started(a, b, await tlsOf(certificates.a));
      const two = await started(b, a, await tlsOf(await issued()));
      await until(() => faultOf(one, b) === reason);
      await until(() => faultOf(two, a) === refused(reason));
      expect(one.counters.refusalOf(b)).to.equal(`127.0.0.1: ${reason}`);
      expect(one.counters.refusedProofs).to.be.at.least(2);
      expect(one.log.warnings()).to.include(
        `raft: connection of 127.0.0.1 refused: node ${b}: ${reason}`,
      );
      expect(one.greetings).to.deep.equal([]);
      expect(one.received).to.deep.equal([]);
    });
  }

  it('refuse one that talks in clear, and both say why', async () => {
    const one = await started(a, b, await tlsOf(certificates.a));
    const two = await started(b, a);
    await until(() => faultOf(two, a) === refused(NO_TLS));
    await until(() => faultOf(one, b) !== 'it was not reached yet');
    expect(one.greetings).to.deep.equal([]);
  });

  it('that accept both talk in clear to one without certificates', async () => {
    const one = await started(a, b, await tlsOf(certificates.a, { mode: 'accept' }));
    const two = await started(b, a);
    await reachEachOther(one, two);
    expect(one.counters.unprovenPeers).to.equal(1);
    await until(() => one.log.warnings().join().includes(`is not proved: ${NO_TLS}`));
    expect(two.log.warnings().join()).not.to.contain('TLS');
  });

  for (const mode of ['accept', 'require'] as const) {
    it(`that accept both talk over TLS to one that does ${mode} it`, async () => {
      const one = await started(a, b, await tlsOf(certificates.a, { mode: 'accept' }));
      const two = await started(b, a, await tlsOf(certificates.b, { mode }));
      await until(() => one.counters.unprovenPeers + two.counters.unprovenPeers === 0);
      await reachEachOther(one, two);
      await until(() => one.counters.unprovenPeers + two.counters.unprovenPeers === 0);
      expect([...one.log.warnings(), ...two.log.warnings()].join()).not.to.contain('proved');
    });
  }

  it('that accept both talk in clear where a certificate is refused, with a warning', async () => {
    const expired = await authority.issueFor([-2, -1], 'expired too', 'DNS:b');
    const one = await started(a, b, await tlsOf(certificates.a, { mode: 'accept' }));
    const two = await started(b, a, await tlsOf(expired, { mode: 'accept' }));
    await reachEachOther(one, two);
    expect(one.counters.unprovenPeers).to.equal(1);
    await until(() => one.log.warnings().join().includes('has expired; it is accepted'));
  });

  it('keep their connections when certificates are renewed, and show them later', async () => {
    const files = {
      certFile: join(directory.path, 'b.pem'),
      keyFile: join(directory.path, 'b.key'),
    };
    const install = (from: Certificate): void => {
      copyFileSync(from.certFile, files.certFile);
      copyFileSync(from.keyFile, files.keyFile);
    };
    install(certificates.b);
    const tls = await tlsOf(files);
    const one = await started(a, b, await tlsOf(certificates.a));
    const two = await started(b, a, tls);
    await reachEachOther(one, two);
    install(await foreign.issue('renewed', 'DNS:b'));
    await new PeerCredentials(null, tls).readAgain();
    await reachEachOther(one, two);
    expect([...one.lost, ...two.lost]).to.deep.equal([]);
    await one.transport.stop();
    const again = await started(a, b, await tlsOf(certificates.a));
    await until(() => faultOf(again, b) === UNKNOWN_AUTHORITY);
  });

  it('verify each connection again: none resumes an earlier one', async () => {
    await started(a, b, await tlsOf(certificates.a));
    const { certFile, keyFile } = certificates.b;
    const pair = { cert: readFileSync(certFile), key: readFileSync(keyFile) };
    const hello = frameOf(encodeHello({ ...cluster, from: b, to: a }));
    /** Until the welcome: with TLS 1.3 sessions come after the handshake. */
    const visit = (session?: Buffer): Promise<TLSSocket> => {
      const port = Number(a.split(':')[1]);
      const options = { port, host: '127.0.0.1', rejectUnauthorized: false, ...pair };
      const socket = connectTls({ ...options, ...(session && { session }) });
      socket.on('secureConnect', () => socket.write(hello));
      return new Promise((resolve) => socket.once('data', () => resolve(socket)));
    };
    const first = await visit();
    const second = await visit(first.getSession());
    expect(second.isSessionReused()).not.to.equal(true);
    for (const socket of [first, second]) socket.destroy();
  });

  it('keep the earlier certificate when the files are unusable', async () => {
    const files = {
      certFile: join(directory.path, 'a.pem'),
      keyFile: join(directory.path, 'a.key'),
    };
    copyFileSync(certificates.a.certFile, files.certFile);
    copyFileSync(certificates.a.keyFile, files.keyFile);
    const tls = await tlsOf(files);
    copyFileSync(certificates.b.keyFile, files.keyFile);
    expect(await failureOf(tls.prepare())).to.have.property('code', 'CONFIG');
    const one = await started(a, b, tls);
    await reachEachOther(one, await started(b, a, await tlsOf(certificates.b)));
  });
});
