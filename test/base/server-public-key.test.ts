/** What a server gets that asks for the password by `caching_sha2_password` without TLS. */
import { constants, generateKeyPairSync, type KeyObject, privateDecrypt } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { dial, drop, type Login, logIn } from '../../src/base/mysql/connection.js';
import { handshake, PacketReader } from '../../src/demo/mysql/packets.js';
import { TemporaryDirectory } from '../../src/demo/temporary.js';

const PASSWORD = 'secret-of-freno';
const SCRAMBLE = Buffer.from('abcdefghijklmnopqrst');
const REQUEST_FOR_KEY = Buffer.from([2]);

function packet(sequence: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(4);
  header.writeUIntLE(payload.length, 0, 3);
  header[3] = sequence;
  return Buffer.concat([header, payload]);
}

/** MySQL's protocol masks the password with the scramble before it encrypts it. */
function decrypted(sent: Buffer, key: KeyObject): string {
  const padding = constants.RSA_PKCS1_OAEP_PADDING;
  const masked = privateDecrypt({ key, padding, oaepHash: 'sha1' }, sent);
  return masked.map((byte, index) => byte ^ SCRAMBLE[index % SCRAMBLE.length]!).toString();
}

describe('a login by caching_sha2_password without TLS', () => {
  const directory = new TemporaryDirectory();
  const serverPublicKeyFile = join(directory.path, 'public_key.pem');
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  let server: Server;
  let sent: Promise<Buffer>;

  before(() => {
    writeFileSync(serverPublicKeyFile, publicKey.export({ type: 'spki', format: 'pem' }));
  });

  beforeEach(async () => {
    server = createServer();
    sent = new Promise((resolve) => {
      server.on('connection', (socket) => {
        const asks = [
          packet(
            2,
            Buffer.concat([Buffer.from('\xfecaching_sha2_password\0', 'latin1'), SCRAMBLE]),
          ),
          // Not known yet: the whole password is needed.
          packet(4, Buffer.from([1, 4])),
        ];
        const reader = new PacketReader(1024 * 1024);
        socket.on('error', () => socket.destroy());
        socket.on('data', (chunk) => {
          reader.read(chunk, (payload) => {
            const ask = asks.shift();
            if (ask === undefined) resolve(payload);
            else socket.write(ask);
          });
        });
        socket.write(handshake('8.0.11', 1));
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });

  afterEach(() => server.close());
  after(() => directory.remove());

  async function sentBy(login: Partial<Login>): Promise<Buffer> {
    const endpoint = { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
    const socket = dial(endpoint, () => undefined);
    await once(socket, 'connect');
    const whole = { user: 'freno', password: PASSWORD, collation: '', tls: null, ...login };
    const connection = logIn(socket, endpoint, whole, 0);
    const payload = await sent;
    drop(socket, connection);
    return payload;
  }

  it('asks the server for its key by default, as every client does', async () => {
    expect(await sentBy({})).to.deep.equal(REQUEST_FOR_KEY);
  });

  it('encrypts the password by the key in ServerPublicKeyFile, and asks for none', async () => {
    const payload = await sentBy({ serverPublicKeyFile });
    expect(decrypted(payload, privateKey)).to.equal(`${PASSWORD}\0`);
  });

  it('sends nothing when that file cannot be read', async () => {
    const socket = dial({ host: '127.0.0.1', port: 1 }, () => undefined);
    socket.on('error', () => {});
    const login = { user: 'u', password: 'p', collation: '', tls: null };
    const missing = { ...login, serverPublicKeyFile: '/nowhere/key.pem' };
    expect(() => logIn(socket, { host: 'h', port: 1 }, missing, 0)).to.throw(/ServerPublicKeyFile/);
    socket.destroy();
  });
});
