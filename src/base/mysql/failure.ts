/**
 * Why a host could not be read, in words that name it. Those of the network are worded as Go's,
 * which operators of freno know.
 */
import type { QueryError } from 'mysql2';

export interface MySQLFailure {
  readonly text: string;
  /** The host cannot be connected to: `IgnoreDialTcpErrors` leaves it out. */
  readonly unreachable: boolean;
}

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset by peer',
  EHOSTUNREACH: 'no route to host',
  EHOSTDOWN: 'host is down',
  ENETUNREACH: 'network is unreachable',
  ETIMEDOUT: 'connection timed out',
  EPIPE: 'broken pipe',
  EMFILE: 'too many open files',
  EADDRNOTAVAIL: 'cannot assign requested address',
  PROTOCOL_CONNECTION_LOST: 'unexpected EOF',
};

/** An error of OpenSSL: `<thread>:error:<number>:<library>:<function>:<reason>:<file>:…`. */
const OPENSSL = /^[0-9A-F]+:error:[0-9A-F]+:[^:]*:[^:]*:([^:]+):/;

/**
 * What the other side, or the way there, is to blame for; a lack of resources here is not among
 * them.
 */
const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ETIMEDOUT',
]);

/** No TCP connection to `address` (`host:port`). */
export function dialFailure(address: string, error: NodeJS.ErrnoException): MySQLFailure {
  const { code = '', message, syscall } = firstOf(error);
  if (syscall === 'getaddrinfo') {
    const reason = code === 'ENOTFOUND' ? 'no such host' : `name resolution failed (${code})`;
    return { text: `dial tcp ${address}: lookup: ${reason}`, unreachable: true };
  }
  return {
    text: `dial tcp ${address}: connect: ${WORDS[code] ?? message}`,
    unreachable: UNREACHABLE.has(code),
  };
}

/** No TCP connection in time. */
export function dialTimeout(address: string): MySQLFailure {
  return { text: `dial tcp ${address}: i/o timeout`, unreachable: true };
}

/**
 * The host's name was not looked up in time, because look-ups of others took theirs: nothing is
 * known of the host.
 */
export function lookupTimeout(address: string): MySQLFailure {
  return { text: `dial tcp ${address}: lookup: still waiting for its turn`, unreachable: false };
}

/** Connected, but no answer in time. */
export function readTimeout(address: string): MySQLFailure {
  return { text: `read tcp ${address}: i/o timeout`, unreachable: false };
}

/** What the client library reports of a connection that stood. */
export function connectionFailure(address: string, error: QueryError): MySQLFailure {
  const { errno, sqlState = '', sqlMessage } = error as QueryError & { sqlMessage?: string };
  if (sqlMessage !== undefined && errno !== undefined) {
    const state = sqlState === '' ? '' : ` (${sqlState})`;
    return answerFailure(address, `Error ${errno}${state}: ${sqlMessage}`);
  }
  const word = WORDS[error.code ?? ''];
  if (word !== undefined) return { text: `read tcp ${address}: ${word}`, unreachable: false };
  // The other side may refuse only after what is the end of the handshake for this one.
  const refusal = OPENSSL.exec(error.message)?.[1];
  if (refusal !== undefined || error.code === 'HANDSHAKE_SSL_ERROR') {
    return answerFailure(address, `TLS: ${refusal ?? error.message}`);
  }
  return answerFailure(address, error.message);
}

/** The host answered, but not what it was asked for. */
export function answerFailure(address: string, reason: string): MySQLFailure {
  return { text: `${address}: ${reason}`, unreachable: false };
}

/** Several addresses were tried: the first stands for all. */
function firstOf(error: NodeJS.ErrnoException): NodeJS.ErrnoException {
  return error instanceof AggregateError ? (error.errors[0] as NodeJS.ErrnoException) : error;
}
