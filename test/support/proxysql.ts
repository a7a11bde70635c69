/**
 * A simulated admin interface of ProxySQL: MySQL's wire protocol, a user with a password, and the
 * one query that freno sends.
 */
import { createHash } from 'node:crypto';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import {
  COMMAND,
  error,
  handshake,
  ok,
  PacketReader,
  resultSet,
} from '../../src/demo/mysql/packets.js';

const USER = 'radmin';
const PASSWORD = 'secret-of-proxysql';
/** That of the handshake. */
const SCRAMBLE = 'simulated by freno.1';
const QUERY =
  /^SELECT srv_host, srv_port, status FROM stats_mysql_connection_pool WHERE hostgroup=(\d+)$/;

/** `host:port` to status. */
type Servers = Readonly<Record<string, string>>;

/** How it misbehaves: sends nothing to clients, or closes the connection at a query. */
type ProxySQLFault = 'none' | 'silent' | 'cut';

export class ProxySQLAdmin {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #port: number;
  fault: ProxySQLFault = 'none';
  /** By host group. */
  groups: Readonly<Record<number, Servers>> = {};
  /** Connections since the start. */
  connections = 0;
  /** Default databases of the sessions that logged in. */
  readonly databases: string[] = [];

  /** Listens on a loopback port that the system chooses. */
  static async listen(): Promise<ProxySQLAdmin> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new ProxySQLAdmin(server);
  }

  private constructor(server: Server) {
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
    server.on('connection', (socket) => this.#accept(socket));
  }

  readonly user = USER;
  readonly password = PASSWORD;

  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  get openConnections(): number {
    return this.#sockets.size;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    if (!this.#server.listening) return;
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(socket: Socket): void {
    const packets = new PacketReader(64 * 1024);
    let loggedIn = false;
    this.connections++;
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    if (this.fault === 'silent') return;
    socket.write(handshake('8.0.11 (ProxySQL Admin Module)', this.connections));
    socket.on('data', (chunk) => {
      packets.read(chunk, (payload, sequence) => {
        if (loggedIn) {
          this.#execute(socket, payload);
        } else {
          loggedIn = true;
          socket.write(this.#logIn(payload, sequence + 1));
        }
      });
    });
  }

  /** HandshakeResponse41: 32 bytes, the name, the length-prefixed scramble, the database. */
  #logIn(payload: Buffer, sequence: number): Buffer {
    const userEnd = payload.indexOf(0, 32);
    const user = payload.toString('utf8', 32, userEnd);
    const proofEnd = userEnd + 2 + payload[userEnd + 1]!;
    const proof = payload.subarray(userEnd + 2, proofEnd);
    if (user !== USER || !proof.equals(proofOf(PASSWORD))) {
      const message = `ProxySQL Error: Access denied for user '${user}' (using password: YES)`;
      return error(sequence, 1045, '28000', message);
    }
    this.databases.push(payload.toString('utf8', proofEnd, payload.indexOf(0, proofEnd)));
    return ok(sequence);
  }

  #execute(socket: Socket, payload: Buffer): void {
    if (payload[0] === COMMAND.quit) socket.end();
    else if (this.fault === 'cut') socket.destroy();
    else socket.write(this.#resultOf(payload.toString('utf8', 1)));
  }

  #resultOf(sql: string): Buffer {
    const match = QUERY.exec(sql);
    if (match === null) return error(1, 1045, '28000', 'ProxySQL Admin Error: syntax error');
    const servers = Object.entries(this.groups[Number(match[1])] ?? {});
    // ProxySQL's admin interface is SQLite: all values are text.
    const columns = ['srv_host', 'srv_port', 'status'].map((name) => ({
      name,
      type: 'text' as const,
    }));
    const rows = servers.map(([address, status]) => {
      const colon = address.lastIndexOf(':');
      return [address.slice(0, colon), address.slice(colon + 1), status];
    });
    return resultSet(columns, rows);
  }
}

/** `mysql_native_password`: SHA1(password) XOR SHA1(scramble + SHA1(SHA1(password))). */
function proofOf(password: string): Buffer {
  const once = sha1(Buffer.from(password));
  const mask = sha1(Buffer.concat([Buffer.from(SCRAMBLE), sha1(once)]));
  return Buffer.from(once.map((byte, index) => byte ^ mask[index]!));
}

function sha1(bytes: Buffer): Buffer {
  return createHash('sha1').update(bytes).digest();
}
