/**
 * Errors of statements sent to the backend, and the errors that clients get for them.
 *
 * What a client must know is whether its command can still take effect: never sent (503), refused
 * by the server (503, or 400 where the value does not fit), or sent without a response (504).
 */
import { FrenoError, messageOf } from '../../base/errors.js';
import { cutText } from '../../base/foreign-text.js';
import { isPrivilegeError } from '../../base/mysql/failure.js';
import { OUTCOME_UNKNOWN_MESSAGE } from '../../contracts/consensus.js';

export type BackendFault =
  /** There is no connection: the statement was not sent. */
  | 'unavailable'
  /** Sent, without a response: it may have taken effect, or still may. */
  | 'noResponse'
  /** The server responded with an error: it took no effect. */
  | 'refused';

/** Error numbers (MySQL manual, "Server Error Message Reference"; 1927 is MariaDB's). */
export const SERVER_ERROR = {
  noSuchDatabase: 1049,
  duplicateKey: 1062,
  noSuchColumn: 1054,
  serverShutdown: 1053,
  hostNotPrivileged: 1130,
  commandDenied: 1142,
  noSuchTable: 1146,
  commitFailed: 1180,
  interrupted: 1317,
  valueNotInCharset: 1366,
  valueTooLong: 1406,
  connectionKilled: 1927,
} as const;

/** Of a read-only server: after a fail-over its name probably resolves to another server. */
const READ_ONLY: readonly number[] = [1290, 1792, 1836];

const ACCESS_DENIED: readonly number[] = [1044, 1045, 1698, 3118];

/** Errors after which a statement may have been executed nevertheless. */
const UNCERTAIN: readonly number[] = [
  SERVER_ERROR.serverShutdown,
  SERVER_ERROR.commitFailed,
  SERVER_ERROR.interrupted,
  SERVER_ERROR.connectionKilled,
];

export class BackendError extends Error {
  override readonly name = 'BackendError';

  constructor(
    readonly fault: BackendFault,
    message: string,
    /** The server's error number; 0 when it did not come from the server. */
    readonly errno = 0,
    options?: ErrorOptions,
  ) {
    super(cutText(message), options);
  }

  /**
   * Another connection may not fail like this one: to the server that takes writes, or with a
   * privilege that was granted after the login.
   */
  get needsNewConnection(): boolean {
    return READ_ONLY.includes(this.errno) || isPrivilegeError(this);
  }
}

/** For an error that mysql2 reports of a statement that it has sent. */
export function statementError(error: NodeJS.ErrnoException & { fatal?: boolean }): BackendError {
  const errno = error.errno ?? 0;
  const isRefusal = isServerError(error) && error.fatal !== true && !UNCERTAIN.includes(errno);
  return new BackendError(isRefusal ? 'refused' : 'noResponse', error.message, errno, {
    cause: error,
  });
}

/** For an error that ended the attempt to connect. */
export function connectError(error: unknown): BackendError {
  const errno = isServerError(error) ? (error.errno ?? 0) : 0;
  return new BackendError('unavailable', messageOf(error), errno, { cause: error });
}

/** The error for a client whose command could not be written. */
export function commandError(error: unknown): FrenoError {
  if (!(error instanceof BackendError)) {
    return new FrenoError('OUTCOME_UNKNOWN', messageOf(error), { cause: error });
  }
  const text = `MySQL backend: ${error.message}`;
  if (error.fault === 'noResponse') {
    return new FrenoError('OUTCOME_UNKNOWN', `${text}; ${OUTCOME_UNKNOWN_MESSAGE}`);
  }
  const doesNotFit =
    error.errno === SERVER_ERROR.valueTooLong || error.errno === SERVER_ERROR.valueNotInCharset;
  return new FrenoError(doesNotFit ? 'BAD_REQUEST' : 'NO_LEADER', `${text}; nothing was changed`);
}

/**
 * A failure that only the operator can correct, as an error that names the key or table; null for
 * anything that may end by itself, like a server that is down.
 */
export function permanentFailure(error: unknown): FrenoError | null {
  if (!(error instanceof BackendError)) return null;
  if (error.cause instanceof FrenoError) return error.cause;
  const culprit = culpritOf(error);
  return culprit === null
    ? null
    : new FrenoError('RESOURCE', `${culprit}: ${error.message}`, { cause: error });
}

function culpritOf({ errno, cause }: BackendError): string | null {
  if (ACCESS_DENIED.includes(errno)) return 'BackendMySQLUser or BackendMySQLPassword';
  switch (errno) {
    case SERVER_ERROR.noSuchDatabase:
      return 'BackendMySQLSchema';
    case SERVER_ERROR.hostNotPrivileged:
      return 'BackendMySQLHost';
    case SERVER_ERROR.commandDenied:
      return 'privileges of BackendMySQLUser';
    case SERVER_ERROR.noSuchTable:
    case SERVER_ERROR.noSuchColumn:
      return 'tables in BackendMySQLSchema (see resources/mysql-backend.sql)';
    case SERVER_ERROR.valueTooLong:
      return 'Domain, ShareDomain or the name of this host, too long for the table';
  }
  return isTlsError(cause) ? 'BackendMySQLTLS' : null;
}

function isServerError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'sqlState' in error && 'errno' in error;
}

/** Codes of OpenSSL's verification, of Node, and of mysql2 for a server without encryption. */
function isTlsError(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false;
  return /CERT|SELF_SIGNED|ERR_TLS|ERR_SSL|ERR_OSSL|HANDSHAKE_.*SSL|UNABLE_TO_/.test(
    String(error.code),
  );
}
