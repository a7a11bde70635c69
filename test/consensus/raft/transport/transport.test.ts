/** The transport over TCP: handshakes, refusals, cut links. */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { expect } from 'chai';
import { parseAddress } from '../../../../src/base/address.js';
import { ownFeatures } from '../../../../src/consensus/raft/codec/features.js';
import {
  decodeWelcome,
  encodeHello,
  encodeWelcome,
  PROTOCOL_VERSION,
} from '../../../../src/consensus/raft/codec/handshake.js';
import { FrameReader, frameOf } from '../../../../src/consensus/raft/transport/frame.js';
import { freePorts } from '../../../../src/demo/temporary.js';
import { failureOf } from '../../../support/failure.js';
import { needAddress } from '../../../support/needs.js';
import { TcpProxy } from '../../../support/tcp-proxy.js';
import { until } from '../../../support/until.js';
import { addressPair, TestPeer } from '../support/test-peer.js';

describe('TcpTransport', () => {
  const running: Array<{ stop(): Promise<void> }> = [];
  let a: string;
  let b: string;

  beforeEach(async () => {
    [a, b] = await addressPair();
  });

  afterEach(async () => {
    for (const one of running.splice(0)) await one.stop();
  });

  async function started(peer: TestPeer): Promise<TestPeer> {
    await peer.transport.start();
    running.push(peer.transport);
    return peer;
  }

  it('delivers messages in both directions, in order', async () => {
    const one = await started(new TestPeer(a, [b]));
    const two = await started(new TestPeer(b, [a]));
    await one.reach(b, 'first');
    for (let at = 0; at < 500; at++) one.say(b, `message ${at}`);
    await two.reach(a, 'back');
    await until(() => two.received.length === 501 && one.received.length === 1);
    expect(two.received.slice(0, 2)).to.deep.equal([`${a} first`, `${a} message 0`]);
    expect(two.received.at(-1)).to.equal(`${a} message 499`);
    expect(one.received).to.deep.equal([`${b} back`]);
  });

  it('reports that a message was not sent while there is no connection', async () => {
    const one = await started(new TestPeer(a, [b]));
    expect(one.say(b, 'hello')).to.equal(false);
  });

  it('resolves the names of peers', async () => {
    const name = `localhost:${b.split(':')[1]}`;
    const one = await started(new TestPeer(a, [name]));
    const two = await started(new TestPeer(name, [a], { bind: b }));
    await one.reach(name, 'by name');
    await until(() => two.received.length === 1);
  });

  it('connects over IPv6', async function () {
    await needAddress(this, '::1');
    const names = [a, b].map((address) => `[::1]:${address.split(':')[1]}`) as [string, string];
    const one = await started(new TestPeer(names[0], [names[1]]));
    const two = await started(new TestPeer(names[1], [names[0]]));
    await one.reach(names[1], 'six');
    await until(() => two.received.length === 1);
  });

  it('reports what a peer says of itself, from the connections of both directions', async () => {
    const one = await started(new TestPeer(a, [b], { holdsData: true, clusterId: 'id' }));
    const two = await started(new TestPeer(b, [a]));
    await until(() => one.greetings.length === 2 && two.greetings.length === 2);
    const features = ownFeatures;
    for (const [peer, greeting] of two.greetings) {
      expect(peer).to.equal(a);
      const expected = { holdsData: true, clusterId: 'id', nodes: [a, b], features };
      expect(greeting).to.deep.equal(expected);
    }
    const expected = { holdsData: false, clusterId: '', nodes: [b, a], features };
    expect(one.greetings).to.deep.equal([
      [b, expected],
      [b, expected],
    ]);
  });

  it('refuses a node with data of another cluster of the same name', async () => {
    const one = await started(new TestPeer(a, [b], { clusterId: 'first' }));
    const two = await started(new TestPeer(b, [a], { clusterId: 'second' }));
    await until(() => one.log.warnings().length > 0 && two.log.warnings().length > 0);
    const text = `the data of ${b} are of cluster second, those of ${a} of cluster first`;
    expect(one.log.warnings().join('; ')).to.contain(text);
    expect(one.greetings.length + two.greetings.length).to.equal(0);
    expect(one.say(b, 'x') || two.say(a, 'x')).to.equal(false);
  });

  it('accepts a peer whose greeting says nothing of itself, as in the first release', async () => {
    const one = await started(new TestPeer(a, [b], { clusterId: 'id' }));
    const { refusal } = await handshake(a, {
      protocolVersion: PROTOCOL_VERSION,
      clusterName: 'test',
      from: b,
      to: a,
    });
    expect(refusal).to.equal('');
    const nothing = { holdsData: false, clusterId: '', nodes: [], features: [] };
    expect(one.greetings).to.deep.equal([[b, nothing]]);
  });

  it('names a list that differs by one node on both nodes, and accepts it', async () => {
    const one = await started(new TestPeer(a, [b]));
    const two = await started(new TestPeer(b, [a, 'c:1']));
    await one.reach(b, 'hello');
    await two.reach(a, 'hello');
    await until(() => one.counters.differingLists.has(b) && two.counters.differingLists.has(a));
    expect(one.log.warnings()).to.contain(
      `raft: RaftNodes of ${b} differs from that of ${a}: it has c:1`,
    );
    expect(two.log.warnings()).to.contain(
      `raft: RaftNodes of ${a} differs from that of ${b}: it lacks c:1`,
    );
  });

  it('refuses a peer with a list that differs by more than one node', async () => {
    const one = await started(new TestPeer(a, [b, 'd:1']));
    const two = await started(new TestPeer(b, [a, 'c:1']));
    const isRefused = ({ log }: TestPeer): boolean =>
      log.warnings().some((text) => text.includes('only one node may be added or removed'));
    await until(() => isRefused(one) && isRefused(two));
    expect(one.log.warnings().join('; ')).to.contain(
      `RaftNodes of ${b} differs from that of ${a}: it has c:1 and lacks d:1`,
    );
    expect(one.say(b, 'x') || two.say(a, 'x')).to.equal(false);
    expect([one.counters.differingLists.size, two.counters.differingLists.size]).to.deep.equal([
      1, 1,
    ]);
  });

  it('names both nodes when two have one name, and keeps the connection of the first', async () => {
    const [port] = await freePorts(1);
    const one = await started(new TestPeer(a, [b]));
    const two = await started(new TestPeer(b, [a]));
    await two.reach(a, 'first');
    await until(() => one.received.length === 1);
    const clone = await started(new TestPeer(b, [a], { bind: `127.0.0.1:${port}` }));
    await until(() => clone.log.warnings().length > 0);
    for (let at = 0; at < 100; at++) {
      expect(two.say(a, `message ${at}`)).to.equal(true);
      expect(clone.say(a, 'from the clone')).to.equal(false);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await until(() => one.received.length === 101);
    const text = /two nodes have the name \S+: one at 127.0.0.1:\d+, one at 127.0.0.1:\d+; /;
    expect(one.log.warnings().filter((line) => line.includes('refused'))).to.have.length(1);
    expect(one.log.warnings().join()).to.match(text);
    expect(clone.log.warnings().join()).to.match(text);
    expect(two.lost).to.deep.equal([]);
    await two.transport.stop();
  });

  it('closes a connection on which one letter was changed on the way', async () => {
    const proxy = await TcpProxy.start(parseAddress(b, 0)!);
    running.push(proxy);
    const name = `${proxy.host}:${proxy.port}`;
    const two = await started(new TestPeer(name, [a], { bind: b }));
    const one = await started(new TestPeer(a, [name]));
    await one.reach(name, 'throttle app-1');
    await until(() => two.received.length === 1);
    proxy.alter = (chunk) =>
      Buffer.from(chunk.toString('latin1').replace('app-1', 'app-2'), 'latin1');
    one.say(name, 'throttle app-1');
    await until(() => one.lost.length === 1);
    proxy.alter = (chunk) => chunk;
    expect(two.log.warnings().join()).to.contain('a frame of 14 bytes has a wrong checksum');
    expect(two.counters.checksumErrors).to.equal(1);
    await one.reach(name, 'throttle app-3');
    await until(() => two.received.length === 2);
    expect(two.received).to.deep.equal([`${a} throttle app-1`, `${a} throttle app-3`]);
  });

  it('sends and expects no checksums when the peer is of the first release', async () => {
    const one = await started(new TestPeer(a, [b]));
    const received: string[] = [];
    const listener = createServer((socket) => {
      const reader = new FrameReader((body) => {
        received.push(body.toString());
        if (received.length > 1) return;
        const identity = { protocolVersion: PROTOCOL_VERSION, clusterName: 'test', node: b };
        socket.write(frameOf(encodeWelcome({ ...identity, refusal: '' })));
      }, 1024);
      socket.on('data', (chunk) => reader.push(chunk));
    });
    const { host, port } = parseAddress(b, 0)!;
    await new Promise<void>((resolve) => listener.listen(port, host, resolve));
    const socket = connect(parseAddress(a, 0)!);
    running.push({
      stop: async () => {
        socket.destroy();
        await one.transport.stop();
        listener.close();
      },
    });
    const identity = { protocolVersion: PROTOCOL_VERSION, clusterName: 'test', from: b, to: a };
    socket.write(frameOf(encodeHello(identity)));
    socket.write(frameOf(Buffer.from('plain')));
    await until(() => one.received.length === 1);
    expect(one.received).to.deep.equal([`${b} plain`]);
    await one.reach(b, 'plain too');
    await until(() => received.includes('plain too'));
  });

  it('refuses a node of another cluster, and both nodes log the two names', async () => {
    const one = await started(new TestPeer(a, [b], { clusterName: 'blue' }));
    const two = await started(new TestPeer(b, [a], { clusterName: 'green' }));
    await until(() => one.log.warnings().length > 0 && two.log.warnings().length > 0);
    const warnings = [one, two].map(({ log }) => [...new Set(log.warnings())].join('; '));
    expect(warnings[0])
      .to.contain(b)
      .and.contain('it belongs to cluster "green", this node to "blue"');
    expect(warnings[1])
      .to.contain(a)
      .and.contain('it belongs to cluster "blue", this node to "green"');
    expect(warnings[0]).not.to.contain('this node to "green"');
    expect(warnings[1]).not.to.contain('this node to "blue"');
    expect(one.say(b, 'x') || two.say(a, 'x')).to.equal(false);
  });

  it('refuses a node that is not in RaftNodes, and one that dials another node', async () => {
    const one = await started(new TestPeer(a, []));
    const unlisted = await started(new TestPeer(b, [a]));
    await until(() => unlisted.log.warnings().length > 1);
    expect(unlisted.log.warnings().join('; ')).to.contain(`it is not among RaftNodes of ${a}`);
    expect(one.log.warnings()[0]).to.contain(b);
    const welcome = await handshake(a, {
      protocolVersion: PROTOCOL_VERSION,
      clusterName: 'test',
      from: b,
      to: 'c:1',
    });
    expect(welcome.refusal).to.equal(`it looks for node c:1, this is ${a}`);
  });

  it('refuses another version of the protocol', async () => {
    await started(new TestPeer(a, [b]));
    const welcome = await handshake(a, { protocolVersion: 9, clusterName: 'test', from: b, to: a });
    expect(welcome.refusal).to.contain('version 9').and.contain(`this node ${PROTOCOL_VERSION}`);
  });

  it('closes the connection of a peer with an invalid message, and lets it reconnect', async () => {
    const one = await started(new TestPeer(a, [b]));
    const two = await started(new TestPeer(b, [a]));
    await one.reach(b, 'invalid');
    await until(() => one.lost.length === 1);
    expect(two.log.warnings().join()).to.contain(`connection of ${a} refused: an invalid message`);
    await one.reach(b, 'valid');
    await until(() => two.received.includes(`${a} valid`));
  });

  it('closes a connection without a valid hello', async () => {
    await started(new TestPeer(a, [b]));
    await closed(a, (socket) => socket.write('GET / HTTP/1.1\r\n\r\n'));
    await closed(a, (socket) => socket.write(Buffer.from([0, 0, 0, 2, 0xff, 0xff])));
    await closed(a, () => {});
  });

  it('reconnects to a peer that was stopped and started again', async () => {
    const one = await started(new TestPeer(a, [b]));
    const two = new TestPeer(b, [a]);
    await two.transport.start();
    await one.reach(b, 'before');
    await two.transport.stop();
    await until(() => one.lost.length === 1);
    const again = await started(new TestPeer(b, [a]));
    await one.reach(b, 'after');
    await until(() => again.received.includes(`${a} after`));
  });

  it('detects a link that is cut without a reset, and reconnects', async () => {
    const [door] = await freePorts(1);
    const name = `127.0.0.1:${door}`;
    const two = await started(new TestPeer(name, [a], { bind: b }));
    const link = await CuttableLink.listen(door!, b);
    running.push(link);
    const one = await started(new TestPeer(a, [name]));
    await one.reach(name, 'before');
    await until(() => two.received.length === 1);
    link.cut();
    await until(() => one.lost.length === 1);
    await one.reach(name, 'after');
    await until(() => two.received.includes(`${a} after`));
  });

  it('bounds the messages that wait while the peer does not read', async () => {
    const [door] = await freePorts(1);
    const name = `127.0.0.1:${door}`;
    await started(new TestPeer(name, [a], { bind: b }));
    const link = await CuttableLink.listen(door!, b);
    running.push(link);
    const one = await started(new TestPeer(a, [name]));
    await one.reach(name, 'before');
    link.cut();
    const before = process.memoryUsage().arrayBuffers;
    const body = Buffer.alloc(1024 * 1024);
    for (let at = 0; at < 200; at++) one.transport.send(name, body);
    expect(process.memoryUsage().arrayBuffers - before).to.be.lessThan(100 * 1024 * 1024);
  });

  it('names the address that it cannot bind', async () => {
    await started(new TestPeer(a, [b]));
    const { code, message } = await failureOf(new TestPeer(a, [b]).transport.start());
    expect(code).to.equal('RESOURCE');
    expect(message).to.contain('RaftBind').and.contain(a.split(':')[1]);
  });
});

/** Dials, sends a hello, resolves with the welcome. */
function handshake(to: string, hello: Parameters<typeof encodeHello>[0]) {
  const { host, port } = parseAddress(to, 0)!;
  return new Promise<ReturnType<typeof decodeWelcome>>((resolve, reject) => {
    const socket = connect({ host, port }, () => socket.write(frameOf(encodeHello(hello))));
    const reader = new FrameReader((body) => {
      resolve(decodeWelcome(body));
      socket.destroy();
    }, 1024);
    socket.on('data', (chunk) => reader.push(chunk));
    socket.on('error', reject);
  });
}

/** Dials, does something, and waits for the other side to close. */
function closed(to: string, act: (socket: Socket) => void): Promise<void> {
  const { host, port } = parseAddress(to, 0)!;
  return new Promise((resolve) => {
    const socket = connect({ host, port }, () => act(socket));
    socket.on('error', () => {});
    socket.on('data', () => {});
    socket.on('close', () => resolve());
  });
}

/**
 * A proxy whose present connections can be cut: they stay open, but forward nothing. New ones work.
 */
class CuttableLink {
  readonly #sockets = new Set<Socket>();
  #pairs: Array<readonly [Socket, Socket]> = [];

  private constructor(private readonly server: Server) {}

  static listen(port: number, to: string): Promise<CuttableLink> {
    const { host, port: targetPort } = parseAddress(to, 0)!;
    return new Promise((resolve) => {
      const server = createServer((near) => {
        const far = connect({ host, port: targetPort });
        link.#pairs.push([near, far]);
        for (const socket of [near, far]) {
          link.#sockets.add(socket);
          socket.on('error', () => socket.destroy());
        }
        near.pipe(far).pipe(near);
      });
      const link = new CuttableLink(server);
      server.listen(port, '127.0.0.1', () => resolve(link));
    });
  }

  cut(): void {
    for (const [near, far] of this.#pairs.splice(0)) {
      near.unpipe(far);
      far.unpipe(near);
      near.pause();
      far.pause();
    }
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
