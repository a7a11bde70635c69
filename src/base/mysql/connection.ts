/** Connections to MySQL servers: how they are made, and how they are got rid of. */
import { connect, type LookupFunction, type Socket } from 'node:net';
import { type Connection, type ConnectionOptions, createConnection } from 'mysql2';
import { messageOf } from '../errors.js';
import type { TlsMaterial } from './tls.js';

/** One server. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** How the hosts of one cluster, or the backend, are logged in to. */
export interface Login {
  readonly user: string;
  readonly password: string;
  /** The default database; none unless given. */
  readonly database?: string;
  /** Empty: the client's default. */
  readonly collation: string;
  /** Null: in clear. */
  readonly tls: TlsMaterial | null;
}

/** A server that closes in an orderly manner does so within this time after COM_QUIT. */
const QUIT_TIMEOUT_MS = 1_000;

/** Starts connecting. Nothing more than a socket: a host that refuses costs no more than that. */
export function dial({ host, port }: Endpoint, lookup: LookupFunction): Socket {
  return connect({ host, port, lookup, noDelay: true });
}

/**
 * Logs in over a connected socket. Emits `connect` with the server's greeting, or `error`.
 * Time-outs are the caller's: the library's would cost a timer each. Throws when the login itself
 * makes no sense (unknown collation, unreadable TLS file).
 */
export function logIn(
  socket: Socket,
  { host, port }: Endpoint,
  login: Login,
  nowMs: number,
): Connection {
  const verifiedName = login.tls?.serverName || host;
  // The library names the server to TLS unless that is a literal address; then tls.connect takes
  // the name to verify from here, and would else take "localhost".
  Object.assign(socket, { _host: verifiedName });
  const options: ConnectionOptions = {
    stream: socket,
    // With a socket given these serve TLS alone: the name to verify, and the key of kept sessions.
    host: verifiedName,
    port,
    user: login.user,
    password: login.password,
    connectTimeout: 0,
    // The library reserves half a megabyte for them otherwise.
    maxPreparedStatements: 8,
    rowsAsArray: true,
    // A server that asks for local files gets none.
    flags: ['-LOCAL_FILES'],
    connectAttributes: { program_name: 'freno' },
    ...(login.database !== undefined && { database: login.database }),
    ...(login.collation !== '' && { charset: login.collation }),
    ...(login.tls !== null && { ssl: login.tls.options(nowMs) }),
  };
  const connection = createConnection(options);
  containErrors(connection, socket);
  return connection;
}

/**
 * The library catches what it throws while it works on a statement. What a malformed packet makes
 * it throw at another time would leave the socket's handler and end the thread, or the process:
 * here it ends the connection.
 */
function containErrors(connection: Connection, socket: Socket): void {
  const internals = connection as unknown as { handlePacket(packet?: unknown): void };
  const handlePacket = internals.handlePacket.bind(connection);
  internals.handlePacket = (packet) => {
    try {
      handlePacket(packet);
    } catch (thrown) {
      socket.destroy(thrown instanceof Error ? thrown : new Error(messageOf(thrown)));
    }
  };
}

/**
 * Drops a connection that is of no use any more. The library's own `destroy` would wait for the
 * other side.
 */
export function drop(socket: Socket, connection: Connection | null): void {
  connection?.removeAllListeners();
  connection?.on('error', ignore);
  connection?.destroy();
  socket.removeAllListeners('connect');
  socket.on('error', ignore);
  socket.destroy();
}

/**
 * Closes an idle connection as the protocol has it, so that the server counts no aborted client.
 */
export function quit(socket: Socket, connection: Connection): void {
  connection.removeAllListeners();
  connection.on('error', ignore);
  connection.end();
  const timer = setTimeout(() => socket.destroy(), QUIT_TIMEOUT_MS);
  socket.once('close', () => clearTimeout(timer));
}

/**
 * A connection that was given up may still fail; an event without a listener would end the thread.
 */
function ignore(): void {}
