/**
 * A server on a loopback port that speaks MySQL's protocol as oddly as a test wants: each
 * connection has a behaviour of its own.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { handshake, ok, PacketReader, resultSet } from '../../src/demo/mysql/packets.js';

const QUERY = 0x03;
const COMMAND_BYTES_MAX = 1024 * 1024;

/** What a connection does; what is not given is done as by a healthy server. */
export interface SessionScript {
  /** Instead of the greeting. */
  readonly greet?: (socket: Socket) => void;
  /** Instead of the OK that ends the login. */
  readonly logIn?: (socket: Socket) => void;
  /** The packets of the response to a statement; null: as a healthy server. */
  readonly answer?: (sql: string, socket: Socket) => Buffer | null;
}

export interface OddMySQLOptions {
  readonly host?: string;
  readonly port?: number;
  /** The value of each `SELECT`. */
  readonly value?: number;
}

export class OddMySQL {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #value: number;
  /** Connections accepted since the start. */
  accepted = 0;
  /** Connections that were closed before their login was answered. */
  abandonedLogins = 0;

  /** `script`: of the connection with that number, counted from 1. */
  static async listen(
    script: (connection: number) => SessionScript = () => ({}),
    options: OddMySQLOptions = {},
  ): Promise<OddMySQL> {
    const odd = new OddMySQL(script, options);
    odd.#server.listen(options.port ?? 0, options.host ?? '127.0.0.1');
    await once(odd.#server, 'listening');
    return odd;
  }

  private constructor(script: (connection: number) => SessionScript, options: OddMySQLOptions) {
    this.#value = options.value ?? 0.5;
    this.#server = createServer({ noDelay: true }, (socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => this.#sockets.delete(socket));
      this.#serve(socket, script(++this.accepted));
    });
  }

  get host(): string {
    return (this.#server.address() as AddressInfo).address;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Connections open now. */
  get connections(): number {
    return this.#sockets.size;
  }

  /** Closes each connection, with what it has sent by now. */
  dropAll(): void {
    for (const socket of this.#sockets) socket.destroySoon();
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, 'close');
  }

  #serve(socket: Socket, { greet, logIn, answer }: SessionScript): void {
    const packets = new PacketReader(COMMAND_BYTES_MAX);
    let isLoggedIn = false;
    socket.on('close', () => {
      if (!isLoggedIn) this.abandonedLogins++;
    });
    if (greet === undefined) socket.write(handshake('8.4.3-odd', this.accepted));
    else greet(socket);
    socket.on('data', (chunk) => {
      packets.read(chunk, (payload, sequence) => {
        if (!isLoggedIn) {
          isLoggedIn = true;
          if (logIn === undefined) socket.write(ok(sequence + 1));
          else logIn(socket);
          return;
        }
        if (payload[0] !== QUERY) {
          socket.end();
          return;
        }
        const sql = payload.toString('utf8', 1);
        socket.write(answer?.(sql, socket) ?? this.#answer(sql));
      });
    });
  }

  #answer(sql: string): Buffer {
    if (/^set\b/i.test(sql)) return ok(1);
    return resultSet([{ name: 'value', type: 'number' }], [[this.#value]]);
  }
}
