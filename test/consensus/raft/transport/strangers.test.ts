/** Connections to the port of peers that never say, or not in time, which node they are. */
import { connect, Server, type Socket } from 'node:net';
import { expect } from 'chai';
import type { Address } from '../../../../src/base/address.js';
import { parseAddress } from '../../../../src/base/address.js';
import { encodeHello, PROTOCOL_VERSION } from '../../../../src/consensus/raft/codec/handshake.js';
import { frameOf } from '../../../../src/consensus/raft/transport/frame.js';
import { PeerCounters } from '../../../../src/consensus/raft/transport/peer-counters.js';
import { TcpTransport } from '../../../../src/consensus/raft/transport/tcp.js';
import { freePorts } from '../../../../src/demo/temporary.js';
import { until } from '../../../support/until.js';
import { RaftTestCluster, throttle } from '../support/cluster.js';
import { LogRecorder } from '../support/log-recorder.js';

/** Connections that send a byte at a time and come back when they are closed. */
class Drips {
  readonly #sockets = new Set<Socket>();
  #isStopped = false;
  readonly #timer: NodeJS.Timeout;

  constructor(
    private readonly to: Address,
    count: number,
    everyMs: number,
  ) {
    for (let at = 0; at < count; at++) this.#open();
    this.#timer = setInterval(() => {
      for (const socket of this.#sockets) socket.write(Buffer.alloc(1));
    }, everyMs);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearInterval(this.#timer);
    for (const socket of this.#sockets) socket.destroy();
  }

  #open(): void {
    const socket = connect(this.to);
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#sockets.delete(socket);
      if (!this.#isStopped) setTimeout(() => this.#open(), 20);
    });
  }
}

describe('strangers at the port of peers', () => {
  const running: Array<{ stop(): Promise<void> }> = [];
  let address: Address;
  let log: LogRecorder;
  let counters: PeerCounters;

  beforeEach(async () => {
    const [port, peerPort] = await freePorts(2);
    const self = `127.0.0.1:${port}`;
    address = parseAddress(self, 0)!;
    log = new LogRecorder();
    counters = new PeerCounters();
    const transport = new TcpTransport(
      { self, clusterName: 'test', bind: address, peers: [`127.0.0.1:${peerPort}`], counters },
      { receive: () => {}, unreachable: () => {} },
      log.logger,
    );
    await transport.start();
    running.push(transport);
  });

  afterEach(async () => {
    for (const one of running.splice(0).reverse()) await one.stop();
  });

  function refusals(): string[] {
    return log.warnings().filter((text) => text.includes('refused'));
  }

  /** Connects, sends, and resolves when the node closes. */
  function visit(send: (socket: Socket) => void): Promise<void> {
    return new Promise((resolve) => {
      const socket = connect(address, () => send(socket));
      socket.on('error', () => {});
      socket.on('data', () => {});
      socket.on('close', () => resolve());
    });
  }

  it('have a second in all to say which node they are, however much arrives', async () => {
    const startedAtMs = performance.now();
    let drip: NodeJS.Timeout | undefined;
    await visit((socket) => {
      socket.write(Buffer.from([0, 0, 1, 0]));
      drip = setInterval(() => socket.write(Buffer.alloc(1)), 50);
    });
    clearInterval(drip);
    expect(performance.now() - startedAtMs).to.be.within(900, 1900);
    expect(refusals()).to.deep.equal([
      'raft: connection of 127.0.0.1 refused: it did not say in time which node it is',
    ]);
  });

  it('are logged once a minute for each address and kind, and all of them counted', async () => {
    for (let length = 0x01000000; length < 0x01000000 + 200; length++) {
      const frame = Buffer.alloc(4);
      frame.writeUInt32BE(length);
      await visit((socket) => socket.write(frame));
    }
    expect(refusals()).to.deep.equal([
      'raft: connection of 127.0.0.1 refused: a frame claims 16777216 bytes',
    ]);
    expect(counters.refusedConnections).to.equal(200);
  });

  for (const [protocol, bytes] of [
    ['HTTP', Buffer.from('GET /check/app/mysql/main HTTP/1.1\r\n\r\n')],
    ['TLS', Buffer.from('16030100c8010000c40303', 'hex')],
  ] as const) {
    it(`that speak ${protocol} are named as that`, async () => {
      await visit((socket) => socket.write(bytes));
      expect(refusals()).to.deep.equal([
        `raft: connection of 127.0.0.1 refused: it sent ${protocol}, ` +
          "not a message of Raft: is this the other node's ListenPort?",
      ]);
    });
  }

  it('that name a cluster or a node at length are quoted briefly', async () => {
    const long = 'x'.repeat(1500);
    const hello = { protocolVersion: PROTOCOL_VERSION, clusterName: 'test', from: 'b:1', to: long };
    await visit((socket) => socket.end(frameOf(encodeHello(hello))));
    const elsewhere = { ...hello, clusterName: long, from: long };
    await visit((socket) => socket.end(frameOf(encodeHello(elsewhere))));
    expect(counters.refusedConnections).to.equal(2);
    for (const text of refusals()) expect(text).to.have.length.below(400);
  });

  it('cannot be accepted while the system has no descriptors: the node goes on', async () => {
    const listen = Server.prototype.listen;
    let server: Server | undefined;
    Server.prototype.listen = function (this: Server, ...where: unknown[]) {
      server = this;
      return listen.apply(this, where as Parameters<typeof listen>);
    } as typeof listen;
    const [port] = await freePorts(1);
    const self = `127.0.0.1:${port}`;
    const bind = parseAddress(self, 0)!;
    const transport = new TcpTransport(
      { self, clusterName: 'test', bind, peers: [] },
      { receive: () => {}, unreachable: () => {} },
      log.logger,
    );
    try {
      await transport.start();
    } finally {
      Server.prototype.listen = listen;
    }
    running.push(transport);
    for (let at = 0; at < 3; at++) server!.emit('error', new Error('accept EMFILE'));
    expect(log.warnings()).to.deep.equal([
      'raft: connections of peers cannot be accepted: accept EMFILE',
    ]);
  });

  it('do not keep peers out, also when a leader ends meanwhile', async () => {
    const cluster = await RaftTestCluster.create({ size: 3 });
    running.push(cluster);
    const [first, second, third] = cluster.nodes;
    await Promise.all([first!.consensus.start(), second!.consensus.start()]);
    await cluster.leader();
    for (const { settings } of [first!, second!]) running.push(new Drips(settings.bind, 64, 100));
    await until(() => first!.log.warnings().join().includes('too many connections'));
    await third!.consensus.start();
    running.push(new Drips(third!.settings.bind, 64, 100));
    await until(() => third!.consensus.status().Leader !== '');
    // It counts, and votes, only once it has joined: with what it applies, it has.
    for (const key of ['first', 'second']) await third!.consensus.submit(throttle(key));
    const ended = await cluster.leader();
    await ended.consensus.stop();
    const next = await cluster.leader();
    expect(next.name).not.to.equal(ended.name);
    await next.consensus.submit(throttle('still-here'));
  });
});
