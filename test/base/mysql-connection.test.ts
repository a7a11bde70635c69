/** Connections to MySQL servers that violate the protocol. */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect } from 'chai';
import type { Connection } from 'mysql2';
import { dial, drop, logIn } from '../../src/base/mysql/connection.js';
import { handshake, ok } from '../../src/demo/mysql/packets.js';

const LOGIN = { user: 'freno', password: '', collation: '', tls: null };
/** An error packet that ends in the middle of its number. */
const MALFORMED = Buffer.from([2, 0, 0, 0, 0xff, 1]);

describe('a connection to a MySQL server', () => {
  it('fails only the connection on an unexpected malformed packet', async () => {
    const server = createServer((socket) => {
      socket.write(handshake('8.0.11', 1));
      socket.once('data', () => socket.write(ok(2)));
      socket.on('error', () => undefined);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const endpoint = { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
    const accepted = once(server, 'connection');
    const socket = dial(endpoint, () => undefined);
    await once(socket, 'connect');
    const connection: Connection = logIn(socket, endpoint, LOGIN, 0);
    await new Promise((resolve) => connection.once('connect', resolve));
    const failed = new Promise<Error>((resolve) => connection.once('error', resolve));
    const [peer] = (await accepted) as [typeof socket];
    peer.write(MALFORMED);
    expect((await failed).message).to.match(/out of range/);
    expect(socket.destroyed).to.equal(true);
    drop(socket, connection);
    server.close();
  });
});
