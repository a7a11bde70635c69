/**
 * Why a host could not be read, with its address. Network errors have the wording of Go's `net`
 * package, which operators know from the original freno.
 */
import type { QueryError } from 'mysql2';
import { cutText } from '../foreign-text.js';

export interface MySQLFailure {
  readonly text: string;
  /** The host cannot be connected to: `IgnoreDialTcpErrors` leaves it out. */
  readonly unreachable: boolean;
  /** The server takes no further connection now, which says nothing about those that are open. */
  readonly isFull?: true;
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

/** As the client library says that a server asks for a login it cannot do. */
const UNKNOWN_PLUGIN = /unknown plugin (\S+?)\.? /;

/** As it says that a server asks for the password in clear, which it sends to none. */
const CLEAR_PASSWORD = 'MYSQL_CLEAR_PASSWORD_NOT_ENABLED';

/** An error of OpenSSL: `<thread>:error:<number>:<library>:<function>:<reason>:<file>:…`. */
const OPENSSL = /^[0-9A-F]+:error:[0-9A-F]+:[^:]*:[^:]*:([^:]+):/;

/**
 * Failures of the host or the network. What this machine itself lacks (descriptors, a route, a name
 * server that answers) is not among them: it must not leave out hosts that may lag.
 */
const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'EHOSTDOWN',
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

/** The login is refused: ER_ACCESS_DENIED_ERROR, ER_ACCESS_DENIED_NO_PASSWORD_ERROR. */
const DENIED_ERRORS: ReadonlySet<number | undefined> = new Set([1045, 1698]);

/** The server does not accept user and password. */
export function isDeniedError({ errno }: { readonly errno?: number | undefined }): boolean {
  return DENIED_ERRORS.has(errno);
}

/**
 * The statement took too long, or was ended: ER_LOCK_WAIT_TIMEOUT, ER_QUERY_INTERRUPTED,
 * ER_STATEMENT_TIMEOUT (MariaDB), ER_QUERY_TIMEOUT (MySQL).
 */
const LIMIT_ERRORS: ReadonlySet<number | undefined> = new Set([1205, 1317, 1969, 3024]);

/** The server has ended the statement, by a limit or by KILL. */
export function isLimitError({ errno }: { readonly errno?: number | undefined }): boolean {
  return LIMIT_ERRORS.has(errno);
}

/**
 * The server refuses a further connection, and those that are open go on: ER_CON_COUNT_ERROR,
 * ER_HOST_IS_BLOCKED, ER_TOO_MANY_USER_CONNECTIONS, ER_USER_LIMIT_REACHED.
 */
const FULL_ERRORS: ReadonlySet<number | undefined> = new Set([1040, 1129, 1203, 1226]);

/** What to do about errors that say it not, by number. */
const ADVICE: ReadonlyMap<number, string> = new Map([
  [1040, 'raise max_connections on the server, or let fewer clients connect'],
  [
    1129,
    'unblock this machine on the server with FLUSH HOSTS, or where that is gone with ' +
      'TRUNCATE performance_schema.host_cache, and raise max_connect_errors',
  ],
  [1203, 'raise max_user_connections on the server'],
  [1820, 'set a new password for the user on the server'],
]);

/** Whether the server refuses a further connection only. */
export function isFullError({ errno }: { readonly errno?: number | undefined }): boolean {
  return FULL_ERRORS.has(errno);
}

/** No TCP connection to `address` (`host:port`). */
export function dialFailure(address: string, error: NodeJS.ErrnoException): MySQLFailure {
  const { code = '', message, syscall } = firstOf(error);
  if (syscall === 'getaddrinfo') {
    const reason = code === 'ENOTFOUND' ? 'no such host' : `name resolution failed (${code})`;
    return { text: `dial tcp ${address}: lookup: ${reason}`, unreachable: code === 'ENOTFOUND' };
  }
  return {
    text: `dial tcp ${address}: connect: ${NETWORK_ERRORS[code] ?? message}`,
    unreachable: UNREACHABLE.has(code),
  };
}

/**
 * No TCP connection in time. A look-up of the name that was not over says nothing about the host,
 * so it is not unreachable.
 */
export function dialTimeout(address: string, isLookUpPending = false): MySQLFailure {
  return isLookUpPending
    ? { text: `dial tcp ${address}: lookup: timed out`, unreachable: false }
    : { text: `dial tcp ${address}: i/o timeout`, unreachable: true };
}

/** Still connecting, or not read, that long after it joined. `unreachable`: while connecting. */
export function lateFailure(address: string, afterMs: number, unreachable: boolean): MySQLFailure {
  const step = unreachable ? 'dial' : 'read';
  return { text: `${step} tcp ${address}: not read within ${afterMs} ms yet`, unreachable };
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
    const advice = ADVICE.get(errno);
    const reason = `Error ${errno}${state}: ${cutText(sqlMessage)}`;
    const text = `${address}: ${advice === undefined ? reason : `${reason}; ${advice}`}`;
    const failure = { text, unreachable: false };
    return isFullError(error) ? { ...failure, isFull: true } : failure;
  }
  const words = NETWORK_ERRORS[error.code ?? ''];
  if (words !== undefined) return { text: `read tcp ${address}: ${words}`, unreachable: false };
  // With TLS 1.3 the server may reject the certificate after the handshake has ended for the client
  // (RFC 8446, section 2), so that the alert arrives as an error of the connection.
  const alert = OPENSSL.exec(error.message)?.[1];
  if (alert !== undefined || error.code === 'HANDSHAKE_SSL_ERROR') {
    return hostFailure(address, `TLS: ${alert ?? error.message}`);
  }
  if (error.code === CLEAR_PASSWORD) {
    const why =
      'mysql_clear_password, by which the password is sent in clear, which freno does not do';
    return hostFailure(address, otherPlugin(why));
  }
  const plugin = UNKNOWN_PLUGIN.exec(error.message)?.[1];
  if (plugin !== undefined) {
    return hostFailure(address, otherPlugin(`${plugin}, which freno does not know`));
  }
  return hostFailure(address, error.message);
}

function otherPlugin(present: string): string {
  return (
    `the account logs in by ${present}: ` +
    'give it another plugin, such as mysql_native_password or caching_sha2_password'
  );
}

/** The host responded, but not with a value. */
export function hostFailure(address: string, reason: string): MySQLFailure {
  return { text: `${address}: ${cutText(reason)}`, unreachable: false };
}

/** When several addresses were tried, the error of the first one is reported. */
function firstOf(error: NodeJS.ErrnoException): NodeJS.ErrnoException {
  return error instanceof AggregateError ? (error.errors[0] as NodeJS.ErrnoException) : error;
}
