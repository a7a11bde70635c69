/** Connections to MySQL servers: how they are opened and closed. */
import { connect, type LookupFunction, type Socket } from 'node:net';
import { type Connection, type ConnectionOptions, createConnection, type QueryError } from 'mysql2';
import { formatAddress } from '../address.js';
import { monotonicMs } from '../clock.js';
import { messageOf } from '../errors.js';
import { connectWithSmallReads } from '../small-reads.js';
import { isDeniedError } from './failure.js';
import type { PasswordFile } from './password-file.js';
import { pluginsWithKey } from './server-public-key.js';
import type { TlsMaterial } from './tls.js';

/** One server. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** Credentials and options of a connection to the hosts of one cluster, or to the backend. */
export interface Login {
  readonly user: string;
  readonly password: string;
  /** Holds the password instead. */
  readonly passwordFile?: PasswordFile | null;
  /** The default database; none unless given. */
  readonly database?: string;
  /** Empty: the client's default. */
  readonly collation: string;
  /** Holds the key by which a login without TLS encrypts the password; empty: none. */
  readonly serverPublicKeyFile?: string;
  /** Null: no TLS. */
  readonly tls: TlsMaterial | null;
  /** Called around the work on what the server sends. */
  readonly turn?: { begin(): void; end(): void };
}

/**
 * Bytes that a server may send before the login is over, and in response to one statement unless
 * its client expects more: what a metric needs has some hundred.
 */
export const RESPONSE_BYTES_MAX = 64 * 1024;

/** A server gets this long to close the connection after COM_QUIT. */
const QUIT_TIMEOUT_MS = 1_000;

/**
 * Starts connecting. Only a socket, so that a host that refuses costs nothing more. With
 * `readBytes` it reads into one buffer of that size, for results that are short: the stream would
 * allocate 64 KiB for each. Then only `logIn` may read from it.
 */
export function dial(
  { host, port }: Endpoint,
  lookup: LookupFunction,
  readBytes: number | null = null,
): Socket {
  const options = { host, port, lookup, noDelay: true };
  if (readBytes === null) return connect(options);
  return connectWithSmallReads(options, readBytes, null, false);
}

/**
 * Logs in over a connected socket. Emits `connect` with the server's greeting, or `error`.
 * The caller handles time-outs: those of the library would cost a timer each. A response of more
 * than `responseBytesMax` ends the connection. Throws when the login is invalid (unknown collation,
 * unreadable file).
 */
export function logIn(
  socket: Socket,
  { host, port }: Endpoint,
  login: Login,
  nowMs: number,
  responseBytesMax = RESPONSE_BYTES_MAX,
): Connection {
  const address = formatAddress({ host, port });
  const password = login.passwordFile?.passwordFor(address, nowMs) ?? login.password;
  const verifiedName = login.tls?.serverName || host;
  // The library passes the server name to TLS unless it is a literal address. Then tls.connect
  // verifies this name; without it, it would verify "localhost".
  Object.assign(socket, { _host: verifiedName });
  const options: ConnectionOptions = {
    stream: socket,
    // With a given socket these are used for TLS only: the name to verify, and the session cache.
    host: verifiedName,
    port,
    user: login.user,
    password,
    connectTimeout: 0,
    // The default would reserve half a megabyte.
    maxPreparedStatements: 8,
    rowsAsArray: true,
    // A server must not read local files of this machine (LOAD DATA LOCAL).
    flags: ['-LOCAL_FILES'],
    connectAttributes: { program_name: 'freno' },
    ...(login.database !== undefined && { database: login.database }),
    ...(login.collation !== '' && { charset: login.collation }),
    ...(login.tls !== null && { ssl: login.tls.options(nowMs) }),
    ...(login.serverPublicKeyFile && { authPlugins: pluginsWithKey(login.serverPublicKeyFile) }),
  };
  const connection = createConnection(options);
  contain(connection, socket, login, responseBytesMax);
  const { passwordFile } = login;
  if (passwordFile) {
    connection.once('error', (error: QueryError) => {
      if (isDeniedError(error)) passwordFile.refused(address, password, monotonicMs());
    });
  }
  return connection;
}

/** A packet as the library reads it. */
interface ReadPacket {
  readonly sequenceId: number;
  readonly buffer: Buffer;
  /** Of the first byte after the header. */
  readonly offset: number;
}

interface LibraryCommand {
  /** Reads packets where they lie in a chunk; returns how many bytes they have. */
  readAhead?(chunk: Buffer): number;
  /** The library has read the last packet. */
  ended?(): void;
}

/** What is bounded of the library. */
interface LibraryConnection {
  packetParser: { execute(chunk: Buffer): unknown };
  readonly sequenceId: number;
  /** The statement in progress. */
  readonly _command?: LibraryCommand;
  handlePacket(packet?: ReadPacket): void;
  /** Called when a statement is sent. */
  _resetSequenceId(): void;
}

const ERROR_PACKET = 0xff;

/**
 * Ends a connection whose server sends what it should not, before that costs anything: more bytes
 * than a response has, counted before the library sees them, or packets out of order, each of
 * which the library would print and then read.
 *
 * The library catches its own exceptions only while it executes a statement. An exception caused by
 * a malformed packet at another time would escape the socket's handler and end the thread, or the
 * process. Here it ends only the connection.
 */
function contain(
  connection: Connection,
  socket: Socket,
  { turn }: Login,
  responseBytesMax: number,
): void {
  const library = connection as unknown as LibraryConnection;
  const { packetParser } = library;
  const { handlePacket, _resetSequenceId: resetSequenceId } = library;
  let bytesMax = RESPONSE_BYTES_MAX;
  let bytes = 0;
  let isOver = false;
  const end = (thrown: unknown): void => {
    isOver = true;
    socket.destroy(thrown instanceof Error ? thrown : new Error(messageOf(thrown)));
  };
  connection.once('connect', () => {
    bytesMax = responseBytesMax;
  });
  library._resetSequenceId = () => {
    bytes = 0;
    resetSequenceId.call(library);
  };
  const executeBetweenPackets = packetParser.execute;
  const readAhead = (chunk: Buffer): number => {
    if (packetParser.execute !== executeBetweenPackets) return 0;
    try {
      return library._command?.readAhead?.(chunk) ?? 0;
    } catch (thrown) {
      end(thrown);
      return 0;
    }
  };
  const execute = (chunk: Buffer): void => {
    bytes += chunk.length;
    if (isOver) return;
    if (bytes > bytesMax) {
      end(new Error(`the server sent more than ${bytesMax} bytes at once`));
      return;
    }
    turn?.begin();
    const command = library._command;
    const ahead = readAhead(chunk);
    if (!isOver && ahead < chunk.length) {
      // A copy: the library keeps the beginning of what is not whole.
      packetParser.execute(Buffer.from(chunk.subarray(ahead)));
    }
    if (command !== undefined && command !== library._command) command.ended?.();
    turn?.end();
  };
  library.packetParser = { execute };
  library.handlePacket = (packet) => {
    if (isOver) return;
    try {
      if (packet !== undefined && isOutOfOrder(packet, library)) {
        throw new Error('the server sent packets out of order');
      }
      handlePacket.call(library, packet);
    } catch (thrown) {
      end(thrown);
    }
  };
}

/** Servers and proxies that refuse or end a connection number that error as they like. */
function isOutOfOrder(packet: ReadPacket, { sequenceId, _command }: LibraryConnection): boolean {
  if (packet.sequenceId === sequenceId || _command === undefined) return false;
  return packet.buffer[packet.offset] !== ERROR_PACKET;
}

/** Drops a connection at once. The library's own `destroy` would wait for the server. */
export function drop(socket: Socket, connection: Connection | null): void {
  connection?.removeAllListeners();
  connection?.on('error', ignore);
  connection?.destroy();
  socket.removeAllListeners('connect');
  socket.on('error', ignore);
  socket.destroy();
}

/** Closes an idle connection with COM_QUIT, so that the server counts no aborted client. */
export function quit(socket: Socket, connection: Connection): void {
  connection.removeAllListeners();
  connection.on('error', ignore);
  connection.end();
  const timer = setTimeout(() => socket.destroy(), QUIT_TIMEOUT_MS);
  socket.once('close', () => clearTimeout(timer));
}

/** An abandoned connection may still fail: an `error` event without a listener ends the thread. */
function ignore(): void {}
