/**
 * Why a host could not be read, with its address. Network errors have the wording of Go's `net`
 * package, which operators know from the original freno.
 */
import type { QueryError } from 'mysql2';

export interface MySQLFailure {
  readonly text: string;
  /** The host cannot be connected to: `IgnoreDialTcpErrors` leaves it out. */
  readonly unreachable: boolean;
}

const NETWORK_ERRORS: Readonly<Record<string, string>> = {
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
 * Failures of the host or the network. A lack of resources on this machine is not among them: it
 * must not leave out hosts that may lag.
 */
const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ETIMEDOUT',
]);

/**
 * The user lacks a privilege: ER_DBACCESS_DENIED_ERROR, ER_TABLEACCESS_DENIED_ERROR,
 * ER_COLUMNACCESS_DENIED_ERROR, ER_SPECIFIC_ACCESS_DENIED_ERROR, ER_PROCACCESS_DENIED_ERROR.
 */
const PRIVILEGE_ERRORS: ReadonlySet<number | undefined> = new Set([1044, 1142, 1143, 1227, 1370]);

/**
 * The server has refused a statement for want of a privilege. Global privileges and roles that are
 * granted later count for new connections, those on a database after the next `USE` (MySQL
 * Reference Manual, "When Privilege Changes Take Effect").
 */
export function isPrivilegeError({ errno }: { readonly errno?: number | undefined }): boolean {
  return PRIVILEGE_ERRORS.has(errno);
}

/** No TCP connection to `address` (`host:port`). */
export function dialFailure(address: string, error: NodeJS.ErrnoException): MySQLFailure {
  const { code = '', message, syscall } = firstOf(error);
  if (syscall === 'getaddrinfo') {
    const reason = code === 'ENOTFOUND' ? 'no such host' : `name resolution failed (${code})`;
    return { text: `dial tcp ${address}: lookup: ${reason}`, unreachable: true };
  }
  return {
    text: `dial tcp ${address}: connect: ${NETWORK_ERRORS[code] ?? message}`,
    unreachable: UNREACHABLE.has(code),
  };
}

/** No TCP connection in time. */
export function dialTimeout(address: string): MySQLFailure {
  return { text: `dial tcp ${address}: i/o timeout`, unreachable: true };
}

/**
 * The lookup of the host's name was still queued behind others at the time-out. That says nothing
 * about the host, so it is not unreachable.
 */
export function lookupTimeout(address: string): MySQLFailure {
  return { text: `dial tcp ${address}: lookup: timed out in the queue`, unreachable: false };
}

/** Connected, but no response in time. */
export function readTimeout(address: string): MySQLFailure {
  return { text: `read tcp ${address}: i/o timeout`, unreachable: false };
}

/** An error that the client library reports on an established connection. */
export function connectionFailure(address: string, error: QueryError): MySQLFailure {
  const { errno, sqlState = '', sqlMessage } = error as QueryError & { sqlMessage?: string };
  if (sqlMessage !== undefined && errno !== undefined) {
    const state = sqlState === '' ? '' : ` (${sqlState})`;
    return hostFailure(address, `Error ${errno}${state}: ${sqlMessage}`);
  }
  const words = NETWORK_ERRORS[error.code ?? ''];
  if (words !== undefined) return { text: `read tcp ${address}: ${words}`, unreachable: false };
  // With TLS 1.3 the server may reject the certificate after the handshake has ended for the client
  // (RFC 8446, section 2), so that the alert arrives as an error of the connection.
  const alert = OPENSSL.exec(error.message)?.[1];
  if (alert !== undefined || error.code === 'HANDSHAKE_SSL_ERROR') {
    return hostFailure(address, `TLS: ${alert ?? error.message}`);
  }
  return hostFailure(address, error.message);
}

/** The host responded, but not with a value. */
export function hostFailure(address: string, reason: string): MySQLFailure {
  return { text: `${address}: ${reason}`, unreachable: false };
}

/** When several addresses were tried, the error of the first one is reported. */
function firstOf(error: NodeJS.ErrnoException): NodeJS.ErrnoException {
  return error instanceof AggregateError ? (error.errors[0] as NodeJS.ErrnoException) : error;
}
