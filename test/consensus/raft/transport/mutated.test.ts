/** Mutated greetings, proofs and TLS handshakes at a port of peers that takes them all. */
import { connect } from 'node:net';
import { expect } from 'chai';
import { parseAddress } from '../../../../src/base/address.js';
import {
  encodeHello,
  encodeProof,
  encodeWelcome,
  PROTOCOL_VERSION,
} from '../../../../src/consensus/raft/codec/handshake.js';
import { frameOf } from '../../../../src/consensus/raft/transport/frame.js';
import { PeerCredentials } from '../../../../src/consensus/raft/transport/peer-credentials.js';
import { PeerSecrets } from '../../../../src/consensus/raft/transport/peer-secrets.js';
import { PeerTls } from '../../../../src/consensus/raft/transport/peer-tls.js';
import { type Certificate, CertificateAuthority } from '../../../support/certificates.js';
import { SeededRandom } from '../../../support/random.js';
import { until } from '../../../support/until.js';
import { addressPair, TestPeer } from '../support/test-peer.js';

const VISITS = 400;
const AT_ONCE = 8;

/** A ClientHello of TLS 1.3 without extensions, as one record. */
const CLIENT_HELLO = Buffer.concat([
  Buffer.from('160301002f0100002b0303', 'hex'),
  Buffer.alloc(32, 7),
  Buffer.from('000002130101000000', 'hex'),
]);

describe('a port of peers that gets mutated bytes', () => {
  let authority: CertificateAuthority;
  let certificate: Certificate;

  before(async () => {
    authority = await CertificateAuthority.create('authority');
    certificate = await authority.issue('node', 'IP:127.0.0.1');
  });

  after(() => authority.remove());

  async function credentials(): Promise<PeerCredentials> {
    const value = 'a secret of the cluster that is long enough';
    const { certFile, keyFile } = certificate;
    const files = { caFile: authority.caFile, certFile, keyFile };
    return new PeerCredentials(
      await PeerSecrets.read({ value, file: '', mode: 'require' }),
      await PeerTls.read({ ...files, mode: 'accept', names: new Map() }),
    );
  }

  it('believes none of them, and lets a peer in afterwards', async () => {
    const [a, b] = await addressPair();
    const one = new TestPeer(a, [b], { credentials: await credentials() });
    const two = new TestPeer(b, [a], { credentials: await credentials() });
    await one.transport.start();
    try {
      const nonce = new Uint8Array(32).fill(9);
      const cluster = { protocolVersion: PROTOCOL_VERSION, clusterName: 'test' };
      const hello = frameOf(encodeHello({ ...cluster, from: b, to: a, nonce }));
      const proof = frameOf(encodeProof(nonce));
      const welcome = frameOf(encodeWelcome({ ...cluster, node: b, refusal: '', nonce, proof }));
      const valid = [
        Buffer.concat([hello, proof]),
        Buffer.concat([hello, proof, proof, welcome]),
        Buffer.concat([welcome, hello]),
        CLIENT_HELLO,
        Buffer.concat([CLIENT_HELLO, hello]),
      ];
      const random = new SeededRandom(20261127);
      const number = (below: number): number => random.below(below);
      const mutated = (): Buffer => {
        const bytes = Buffer.from(valid[number(valid.length)]!);
        for (let at = number(6); at > 0; at--) bytes[number(bytes.length)] = number(256);
        return number(4) === 0 ? bytes.subarray(0, 1 + number(bytes.length)) : bytes;
      };
      const visit = (bytes: Buffer): Promise<void> =>
        new Promise((resolve) => {
          const socket = connect(parseAddress(a, 0)!, () => socket.end(bytes));
          socket.on('error', () => {});
          socket.on('data', () => {});
          socket.on('close', () => resolve());
        });
      for (let at = 0; at < VISITS; at += AT_ONCE) {
        await Promise.all(Array.from({ length: AT_ONCE }, () => visit(mutated())));
      }
      expect(one.received).to.deep.equal([]);
      expect(one.greetings).to.deep.equal([]);
      await two.transport.start();
      await two.reach(a, 'a peer');
      await until(() => one.received.length === 1);
    } finally {
      await Promise.all([one.transport.stop(), two.transport.stop()]);
    }
  });
});
