/**
 * A simulated MySQL server on a loopback port: speaks the wire protocol, returns a value that its
 * owner sets, and fails on request.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { Behaviour, type SimulatedFault } from './mysql/behaviour.js';
import type { Cell } from './mysql/packets.js';
import type { Dialect, ReplicationChannel } from './mysql/query-results.js';
import { Session } from './mysql/session.js';

export { NO_FAULT, type SimulatedFault as Fault } from './mysql/behaviour.js';
export type { Cell } from './mysql/packets.js';
export type { Dialect, ReplicationChannel } from './mysql/query-results.js';

export interface SimulatedServerOptions {
  /** Loopback address to listen on; 127.0.0.1 unless given. */
  readonly host?: string;
  /**
   * What metric queries and replication lag read, 0 unless given. NULL as lag: replication has
   * stopped.
   */
  readonly value?: Cell;
  /** MySQL 8.4 unless given. */
  readonly dialect?: Dialect;
}

export class SimulatedMySQL {
  readonly #server: Server;
  readonly #behaviour: Behaviour;
  readonly #sessions = new Set<Session>();
  #port = 0;

  /**
   * Resolves when the server listens, on a port that the system chooses. Any user and password can
   * log in.
   */
  static async listen(options: SimulatedServerOptions = {}): Promise<SimulatedMySQL> {
    const server = new SimulatedMySQL(options);
    await server.#open();
    return server;
  }

  readonly host: string;

  private constructor(options: SimulatedServerOptions) {
    this.host = options.host ?? '127.0.0.1';
    this.#behaviour = new Behaviour(options.value ?? 0, options.dialect ?? 'mysql-8.4');
    this.#server = createServer({ noDelay: true }, (socket) => this.#accept(socket));
  }

  get port(): number {
    return this.#port;
  }

  /** Queries executed since the start. */
  get queries(): number {
    return this.#behaviour.queries;
  }

  /** Connections accepted since the start. */
  get accepted(): number {
    return this.#behaviour.connections;
  }

  /** Connections open now. */
  get connections(): number {
    return this.#sessions.size;
  }

  setValue(value: Cell): void {
    this.#behaviour.value = value;
  }

  /** Replaces the one channel, which has the value as its lag. */
  setChannels(channels: readonly ReplicationChannel[]): void {
    this.#behaviour.channels = channels;
  }

  /**
   * Resolves when the fault is in effect: `refuse` closes the port, any other fault opens it again.
   */
  async setFault(fault: SimulatedFault): Promise<void> {
    this.#behaviour.fault = fault;
    if (fault.kind === 'refuse') {
      await this.close();
      return;
    }
    if (!this.#server.listening) await this.#open();
    for (const session of this.#sessions) session.faultChanged();
  }

  /** Ends all connections and frees the port. */
  async close(): Promise<void> {
    for (const session of this.#sessions) session.destroy();
    if (!this.#server.listening) return;
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #accept(socket: Socket): void {
    const session = new Session(socket, this.#behaviour);
    this.#sessions.add(session);
    socket.once('close', () => this.#sessions.delete(session));
  }

  async #open(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#port, this.host, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
    const address = this.#server.address();
    if (address !== null && typeof address === 'object') this.#port = address.port;
  }
}
