/** Peers that prove to each other that they know the secret of the cluster. */
import { writeFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { parseAddress } from '../../../../src/base/address.js';
import type { PeerProofMode } from '../../../../src/config/raft-secret.js';
import {
  decodeWelcome,
  encodeHello,
  encodeProof,
  encodeWelcome,
  PROTOCOL_VERSION,
  type Welcome,
} from '../../../../src/consensus/raft/codec/handshake.js';
import { FrameReader, frameOf } from '../../../../src/consensus/raft/transport/frame.js';
import { PeerCredentials } from '../../../../src/consensus/raft/transport/peer-credentials.js';
import { PeerSecrets } from '../../../../src/consensus/raft/transport/peer-secrets.js';
import { TemporaryDirectory } from '../../../../src/demo/temporary.js';
import { failureOf } from '../../../support/failure.js';
import { until } from '../../../support/until.js';
import { addressPair, TestPeer } from '../support/test-peer.js';

const OLD = 'an old secret of the cluster, long enough';
const NEW = 'the next secret of the cluster, long enough';

const NO_PROOF = 'it did not prove that it knows the secret of the cluster (RaftSecretFile)';
const WRONG_PROOF = 'the two nodes have different secrets (RaftSecretFile)';

describe('peers with a secret', () => {
  const directory = new TemporaryDirectory();
  const running: Array<{ stop(): unknown }> = [];
  let a: string;
  let b: string;

  beforeEach(async () => {
    [a, b] = await addressPair();
  });

  afterEach(async () => {
    for (const one of running.splice(0)) await one.stop();
  });

  after(() => directory.remove());

  function fileOf(node: string): string {
    return join(directory.path, node);
  }

  function secretsOf(
    node: string,
    lines: readonly string[],
    mode: PeerProofMode = 'require',
  ): Promise<PeerSecrets> {
    writeFileSync(fileOf(node), `${lines.join('\n')}\n`);
    return PeerSecrets.read({ value: '', file: fileOf(node), mode });
  }

  async function started(name: string, other: string, secrets?: PeerSecrets): Promise<TestPeer> {
    const peer = new TestPeer(
      name,
      [other],
      secrets && { credentials: new PeerCredentials(secrets, null) },
    );
    await peer.transport.start();
    running.push(peer.transport);
    return peer;
  }

  async function reachEachOther(one: TestPeer, two: TestPeer): Promise<void> {
    await one.reach(two.name, 'there');
    await two.reach(one.name, 'back');
    await until(() => two.received.length > 0 && one.received.length > 0);
  }

  const faultOf = (peer: TestPeer, other: string) => peer.transport.peerFaults().get(other);

  it('talk to each other when they have the same one', async () => {
    const one = await started(a, b, await secretsOf(a, [OLD]));
    const two = await started(b, a, await secretsOf(b, [OLD]));
    await reachEachOther(one, two);
    expect([...one.log.warnings(), ...two.log.warnings()].join()).not.to.contain('secret');
    expect(one.counters).to.include({ refusedProofs: 0, unprovenPeers: 0 });
  });

  it('change it one by one: the first is used, and both are accepted', async () => {
    const one = await started(a, b, await secretsOf(a, [OLD, NEW]));
    const two = await started(b, a, await secretsOf(b, [NEW, OLD]));
    await reachEachOther(one, two);
  });

  it('keep their connections when the file is read again, and use it for new ones', async () => {
    const secrets = await secretsOf(a, [OLD]);
    const one = await started(a, b, secrets);
    const two = await started(b, a, await secretsOf(b, [OLD]));
    await reachEachOther(one, two);
    writeFileSync(fileOf(a), NEW);
    await new PeerCredentials(secrets, null).readAgain();
    one.say(b, 'still there');
    await until(() => two.received.includes(`${a} still there`));
    expect(one.lost).to.deep.equal([]);
    await two.transport.stop();
    const three = await started(b, a, await secretsOf(b, [NEW]));
    await reachEachOther(one, three);
  });

  it('keep the earlier secrets when the file is unusable', async () => {
    const secrets = await secretsOf(a, [OLD]);
    for (const [text, problem] of [
      ['', 'contains no secret'],
      ['short', 'line 1 has fewer than 32 characters'],
      [`${OLD}\n${NEW}\n${NEW}`, 'has 3 lines'],
    ] as const) {
      writeFileSync(fileOf(a), text);
      expect((await failureOf(secrets.prepare())).message).to.contain(problem);
    }
    const one = await started(a, b, secrets);
    await reachEachOther(one, await started(b, a, await secretsOf(b, [OLD])));
  });

  it('refuse one with another secret, and both say why', async () => {
    const one = await started(a, b, await secretsOf(a, [OLD]));
    const two = await started(b, a, await secretsOf(b, [NEW]));
    await until(() => faultOf(one, b) === WRONG_PROOF && faultOf(two, a) === WRONG_PROOF);
    expect(one.counters.refusedProofs).to.be.at.least(1);
    expect(one.received).to.deep.equal([]);
    expect(one.greetings).to.deep.equal([]);
  });

  it('refuse one without a secret, and both say why', async () => {
    const one = await started(a, b, await secretsOf(a, [OLD]));
    const two = await started(b, a);
    await until(() => faultOf(two, a)?.includes(`it refuses this node: "${NO_PROOF}"`));
    await until(() => faultOf(one, b) === NO_PROOF);
    await until(() => one.counters.refusalOf(b) === `127.0.0.1: ${NO_PROOF}`);
    expect(one.log.warnings()).to.include(
      `raft: connection of 127.0.0.1 refused: node ${b}: ${NO_PROOF}`,
    );
    expect(one.greetings).to.deep.equal([]);
  });

  for (const [what, lines] of [
    ['no secret', undefined],
    ['another secret', [NEW]],
  ] as const) {
    it(`accept one with ${what} in the mode "accept", with a warning`, async () => {
      const one = await started(a, b, await secretsOf(a, [OLD], 'accept'));
      const two = await started(b, a, lines && (await secretsOf(b, lines, 'accept')));
      await reachEachOther(one, two);
      const reason = lines === undefined ? NO_PROOF : WRONG_PROOF;
      expect(one.log.warnings()).to.include(
        `raft: peer ${b} is not proved: ${reason}; ` +
          'it is accepted, as the mode "accept" allows',
      );
      expect(one.counters.unprovenPeers).to.equal(1);
    });
  }

  it('of which one still accepts and one requires talk to each other', async () => {
    const one = await started(a, b, await secretsOf(a, [OLD], 'accept'));
    const two = await started(b, a, await secretsOf(b, [OLD]));
    await reachEachOther(one, two);
    expect(one.counters.unprovenPeers).to.equal(0);
  });

  describe('and an attacker', () => {
    const cluster = { protocolVersion: PROTOCOL_VERSION, clusterName: 'test' };

    /** Frames of a connection, one by one. */
    class Frames {
      readonly #bodies: Buffer[] = [];
      isClosed = false;

      constructor(readonly socket: Socket) {
        const reader = new FrameReader((body) => this.#bodies.push(Buffer.from(body)), 1 << 20);
        socket.on('data', (chunk) => reader.push(chunk));
        socket.on('error', () => {});
        socket.on('close', () => {
          this.isClosed = true;
        });
        running.push({ stop: () => socket.destroy() });
      }

      next(): Promise<Buffer> {
        return until(() => this.#bodies.shift());
      }

      async welcome(): Promise<Welcome> {
        return decodeWelcome(await this.next());
      }

      send(body: Uint8Array): void {
        this.socket.write(frameOf(body));
      }
    }

    function dialled(to: string): Frames {
      return new Frames(connect(parseAddress(to, 0)!));
    }

    /** Takes the place of a node. */
    async function pretended(name: string): Promise<Frames[]> {
      const calls: Frames[] = [];
      const server: Server = createServer((socket) => calls.push(new Frames(socket)));
      const { host, port } = parseAddress(name, 0)!;
      await new Promise<void>((resolve) => server.listen(port, host, () => resolve()));
      running.push({ stop: () => server.close() });
      return calls;
    }

    const nonce = new Uint8Array(32).fill(7);

    it('learns nothing of the node, and reaches nothing of Raft', async () => {
      const one = await started(a, b, await secretsOf(a, [OLD]));
      const stranger = dialled(a);
      stranger.send(encodeHello({ ...cluster, clusterName: 'guess', from: b, to: 'guess:1' }));
      expect(await stranger.welcome()).to.include({
        ...{ clusterName: 'guess', node: 'guess:1', clusterId: '', refusal: NO_PROOF },
      });
      stranger.send(Buffer.from('a vote'));
      await until(() => stranger.isClosed);
      expect(one.received).to.deep.equal([]);
    });

    it('cannot send the proof of the node back to it', async () => {
      const one = await started(a, b, await secretsOf(a, [OLD]));
      const stranger = dialled(a);
      stranger.send(encodeHello({ ...cluster, from: b, to: a, nonce }));
      const { proof } = await stranger.welcome();
      expect(proof).to.have.length(32);
      stranger.send(encodeProof(proof));
      expect(await stranger.welcome()).to.include({ refusal: WRONG_PROOF });
      expect(one.received).to.deep.equal([]);
    });

    it('cannot let the node prove in its place what the node asks', async () => {
      // The attacker has the place of B, and sends A its own hello.
      const one = await started(a, b, await secretsOf(a, [OLD]));
      const [calls, stranger] = [await pretended(b), dialled(a)];
      const call = await until(() => calls[0]);
      stranger.send(await call.next());
      const answer = await stranger.welcome();
      call.send(
        encodeWelcome({
          ...{ ...cluster, node: b, refusal: '' },
          ...{ nonce: answer.nonce, proof: answer.proof },
        }),
      );
      await until(() => faultOf(one, b) === WRONG_PROOF);
      expect(one.greetings).to.deep.equal([]);
    });

    it('cannot use what it has overheard again', async () => {
      const one = await started(a, b, await secretsOf(a, [OLD]));
      const secrets = await secretsOf(b, [OLD]);
      const body = encodeHello({ ...cluster, from: b, to: a, nonce });
      const [first, second] = [dialled(a), dialled(a)];
      first.send(body);
      const asked = await first.welcome();
      const proof = encodeProof(
        secrets.proof('dialling', { prover: b, hello: body, nonce: asked.nonce }),
      );
      first.send(proof);
      expect(await first.welcome()).to.include({ refusal: '' });
      second.send(body);
      await second.welcome();
      second.send(proof);
      expect(await second.welcome()).to.include({ refusal: WRONG_PROOF });
      expect(one.greetings).to.have.length(1);
    });

    it('without a proof in time is closed, and its place is free', async () => {
      const one = await started(a, b, await secretsOf(a, [OLD]));
      const stranger = dialled(a);
      stranger.send(encodeHello({ ...cluster, from: b, to: a, nonce }));
      await stranger.welcome();
      await until(() => stranger.isClosed);
      expect(one.log.warnings().join()).to.contain('it did not say in time which node it is');
    });

    it('cannot make the node prove more than once on a connection', async () => {
      const one = await started(a, b, await secretsOf(a, [OLD], 'accept'));
      const calls = await pretended(b);
      const call = await until(() => calls[0]);
      await call.next();
      const asking = encodeWelcome({ ...cluster, node: b, refusal: '', nonce, proof: nonce });
      call.send(asking);
      await call.next();
      call.send(asking);
      await until(() => call.isClosed);
      expect(faultOf(one, b)).to.equal('the peer asks for a proof out of turn');
    });
  });
});
