/**
 * One open connection to the backend: one statement at a time, each with a time-out. A statement
 * that times out cannot be cancelled and the protocol has no request ids, so the connection ends
 * with it.
 */
import type { LookupFunction, Socket } from 'node:net';
import type { Connection } from 'mysql2';
import { monotonicMs } from '../../base/clock.js';
import { FrenoError, messageOf } from '../../base/errors.js';
import { dial, type Login, logIn, quit } from '../../base/mysql/connection.js';
import { setUpSession, writingSession } from '../../base/mysql/session.js';
import type { BackendSettings } from '../../config/settings.js';
import { BackendError, connectError, statementError } from './backend-error.js';
import type { BackendTimes } from './options.js';

/**
 * What the statements rely on, whatever the server's defaults are: a server that refuses this
 * cannot be the backend. UTC has no repeated hour; the escapes of mysql2 need backslash escapes (no
 * NO_BACKSLASH_ESCAPES); a value that does not fit must be an error, not truncated.
 */
const SESSION = `SET SESSION time_zone = '+00:00',
  sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', autocommit = 1`;

/**
 * The server ends a statement that takes this many times its time-out. Creating a table or deleting
 * old rows may take longer than the time-out, and goes on without its client.
 */
const STATEMENT_LIMIT_FACTOR = 10;

/** Far above all entries that a node keeps. */
const RESPONSE_BYTES_MAX = 64 * 1024 * 1024;

/** TCP notices during a login that the server's machine is gone. */
const KEEP_ALIVE_AFTER_MS = 1_000;

export type SqlParameter = string | number | null;
export type BackendRow = Readonly<Record<string, unknown>>;

export class OpenConnection {
  readonly #connection: Connection;
  readonly #socket: Socket;
  readonly #peer: string;
  readonly #serverVersion: string;
  readonly #statementTimeoutMs: number;
  #busy = false;
  #lost = false;

  /**
   * Resolves with a connection whose session is set up. Rejects with a `BackendError`, but not
   * because the login takes long: a server counts logins that are given up, and in the end refuses
   * the machine. `stop` gives it up all the same.
   */
  static async open(
    settings: BackendSettings,
    login: Login,
    times: BackendTimes,
    lookup: LookupFunction,
    stop: AbortSignal,
  ): Promise<OpenConnection> {
    try {
      const opened = await OpenConnection.#connect(settings, login, times, lookup, stop);
      await opened.#setUp().catch((error: unknown) => {
        opened.destroy();
        throw error;
      });
      return opened;
    } catch (error) {
      throw connectError(error instanceof BackendError ? (error.cause ?? error) : error);
    }
  }

  static #connect(
    settings: BackendSettings,
    login: Login,
    times: BackendTimes,
    lookup: LookupFunction,
    stop: AbortSignal,
  ): Promise<OpenConnection> {
    const socket = dial(settings, lookup);
    return new Promise((resolve, reject) => {
      const fail = (error: unknown): void => {
        clearTimeout(timer);
        stop.removeEventListener('abort', stopped);
        socket.destroy();
        reject(error);
      };
      const stopped = (): void => fail(new Error('the node is stopping'));
      stop.addEventListener('abort', stopped);
      const timer = setTimeout(() => fail(timedOut(settings)), times.connectTimeoutMs);
      socket.on('error', fail);
      socket.once('connect', () => {
        clearTimeout(timer);
        socket.setKeepAlive(true, KEEP_ALIVE_AFTER_MS);
      });
      try {
        const connection = logInTo(settings, login, socket);
        connection.on('error', fail);
        connection.once('connect', ({ serverVersion = '' }: { serverVersion?: string }) => {
          stop.removeEventListener('abort', stopped);
          resolve(new OpenConnection(connection, socket, serverVersion, times.statementTimeoutMs));
        });
      } catch (error) {
        fail(error);
      }
    });
  }

  private constructor(
    connection: Connection,
    socket: Socket,
    serverVersion: string,
    statementTimeoutMs: number,
  ) {
    this.#connection = connection;
    this.#socket = socket;
    this.#peer = socket.remoteAddress ?? '';
    this.#serverVersion = serverVersion;
    this.#statementTimeoutMs = statementTimeoutMs;
    // mysql2 or the time-out rejects the statement in flight; the next one must not use this
    // connection.
    connection.on('error', () => this.destroy());
    connection.on('end', () => this.destroy());
    socket.on('close', () => this.destroy());
  }

  /** IP address of the server. */
  get peer(): string {
    return this.#peer;
  }

  get isLost(): boolean {
    return this.#lost;
  }

  /**
   * Rejects with a `BackendError`. Unless the server refused the statement, the connection is then
   * closed.
   */
  query(sql: string, values: readonly SqlParameter[]): Promise<unknown> {
    if (this.#busy) throw new Error('a backend connection takes one statement at a time');
    if (this.#lost) throw new BackendError('unavailable', 'the connection is lost');
    this.#busy = true;
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(timer);
        this.#busy = false;
      };
      const timer = setTimeout(() => {
        settle();
        this.destroy();
        reject(this.#timeout());
      }, this.#statementTimeoutMs);
      this.#connection.query({ sql, values: [...values], rowsAsArray: false }, (error, result) => {
        if (!this.#busy) return;
        settle();
        if (error === null) return resolve(result);
        const failure = statementError(error);
        if (failure.fault !== 'refused' || failure.needsNewConnection) this.destroy();
        reject(failure);
      });
    });
  }

  /** Rejects when the connection fails, or cannot have what the statements rely on. */
  async #setUp(): Promise<void> {
    await this.query(SESSION, []);
    const limitMs = this.#statementTimeoutMs * STATEMENT_LIMIT_FACTOR;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve, reject) => {
      setUpSession(this.#connection, writingSession(this.#serverVersion, limitMs), {
        sending: () => {
          clearTimeout(timer);
          timer = setTimeout(() => reject(this.#timeout()), this.#statementTimeoutMs);
        },
        // Locks and limits: a server may refuse some.
        done: () => resolve(),
        failed: reject,
      });
    }).finally(() => clearTimeout(timer));
  }

  #timeout(): BackendError {
    return new BackendError('noResponse', `no response within ${this.#statementTimeoutMs} ms`);
  }

  /** Closes the connection at once; a statement in flight fails by its time-out. */
  destroy(): void {
    this.#lost = true;
    this.#socket.destroy();
  }

  /** Closes the connection with COM_QUIT. */
  close(): void {
    if (this.#lost) return;
    this.#lost = true;
    quit(this.#socket, this.#connection);
  }
}

/** The server could not be connected to, or has not answered the login yet. */
export function timedOut({ host, port }: BackendSettings): Error {
  return new Error(`${host}:${port}: connect timed out`);
}

/** Throws `CONFIG` or `RESOURCE`, naming the key, when the settings cannot be used at all. */
function logInTo(settings: BackendSettings, login: Login, socket: Socket): Connection {
  const database = settings.schema;
  try {
    return logIn(socket, settings, { ...login, database }, monotonicMs(), RESPONSE_BYTES_MAX);
  } catch (error) {
    if (error instanceof FrenoError) {
      throw new FrenoError(error.code, `BackendMySQL${error.message}`, { cause: error });
    }
    throw new FrenoError('CONFIG', `BackendMySQLCollation: ${messageOf(error)}`, { cause: error });
  }
}
