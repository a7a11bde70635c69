/** The client of a request, and the peers of open connections. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect } from 'chai';
import { binaryClient, forwardedClient, textClient } from '../../src/http/worker/client-address.js';
import { ConnectedPeers } from '../../src/http/worker/engines/connected-peers.js';
import { fetchOnce } from '../support/http-client.js';
import { ENGINES, TestFront } from '../support/http-front.js';
import { needAddress } from '../support/needs.js';

describe('the address of a client', () => {
  const cases: ReadonlyArray<readonly [header: string, client: string]> = [
    ['10.0.0.1', '10.0.0.1'],
    ['10.0.0.1, 10.0.0.2', '10.0.0.1'],
    [' 10.0.0.1 ,x', '10.0.0.1'],
    ['2001:db8::1', '2001:db8::1'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['::ffff:0:1', '::ffff:0:1'],
    [', 10.0.0.9', '10.0.0.9'],
    [' ,,\t10.0.0.9 , 10.0.0.1', '10.0.0.9'],
    [' , ,', ''],
    [',', ''],
    ['x'.repeat(5000), 'x'.repeat(64)],
  ];
  for (const [header, client] of cases) {
    it(`reads ${JSON.stringify(header.slice(0, 40))} in X-Forwarded-For`, () => {
      expect(forwardedClient(header)).to.equal(client);
    });
  }

  const bytes = (...values: number[]): ArrayBuffer => Uint8Array.from(values).buffer;
  const sixteen = (head: number[], tail: number[]): ArrayBuffer =>
    bytes(...head, ...new Array(16 - head.length - tail.length).fill(0), ...tail);

  it('reads an IPv4 address in bytes as a number, and an IPv6 address as text', () => {
    expect(binaryClient(bytes(10, 0, 0, 1))).to.equal(0x0a000001);
    expect(binaryClient(sixteen([], [255, 255, 200, 1, 2, 3]))).to.equal(0xc8010203);
    expect(binaryClient(sixteen([], [1]))).to.equal('::1');
    expect(binaryClient(sixteen([0x20, 1, 0x0d, 0xb8], [0, 1]))).to.equal('2001:db8::1');
    expect(binaryClient(sixteen([0, 1], [255, 255, 1, 1, 1, 1]))).to.equal('1::ffff:101:101');
    expect(binaryClient(bytes())).to.equal('');
  });

  it('reads a mapped IPv4 address of Node as IPv4', () => {
    expect(textClient('::ffff:127.0.0.1')).to.equal('127.0.0.1');
    expect(textClient('::1')).to.equal('::1');
  });
});

describe('ConnectedPeers', () => {
  it('knows the sole peer while all open connections have one address', () => {
    const peers = new ConnectedPeers();
    expect(peers.solePeer).to.equal(undefined);
    peers.opened('a');
    peers.opened('a');
    expect(peers.solePeer).to.equal('a');
    peers.opened('b');
    expect(peers.solePeer).to.equal(undefined);
    peers.closed();
    peers.closed();
    expect(peers.solePeer, 'which of them closed is not known').to.equal(undefined);
    peers.closed();
    peers.opened('c');
    expect(peers.solePeer).to.equal('c');
  });

  for (const engine of ENGINES) {
    it(`distinguishes several connected clients on the ${engine} engine`, async function () {
      for (const address of ['127.0.0.2', '::1']) await needAddress(this, address);
      const front = await TestFront.start(engine);
      front.addStore('ok');
      const open: Socket[] = [];
      for (const host of ['127.0.0.1', '127.0.0.2', '::1', '127.0.0.1']) {
        const server = host.includes(':') ? '::1' : '127.0.0.1';
        const socket = connect({ port: front.port, host: server, localAddress: host });
        await once(socket, 'connect');
        open.push(socket);
        socket.write(
          `GET /check/${host.replaceAll(':', '_')}/mysql/ok HTTP/1.1\r\nHost: x\r\n\r\n`,
        );
        await once(socket, 'data');
      }
      for (const socket of open) {
        socket.end();
        await once(socket, 'close');
      }
      await fetchOnce(front.port, '/check/later/mysql/ok', { host: '::1' });
      const recent = [...front.recentApps.entries()].map(({ app, client }) => [app, client]);
      expect(recent).to.deep.equal([
        ['127.0.0.1', '127.0.0.1'],
        ['127.0.0.2', '127.0.0.2'],
        ['__1', '::1'],
        ['later', '::1'],
      ]);
      front.stop();
    });
  }
});
