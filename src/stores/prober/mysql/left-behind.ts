/**
 * A query that a dropped connection may have left running. A server notices that its client is gone
 * only when it writes to it, so a query that timed out goes on; with one more for each new
 * connection, probes would overload the server that is slow already.
 *
 * The session's limit (`max_statement_time`, `max_execution_time`) ends the query before the next
 * one is sent. Not every server knows a limit, and MySQL's does not end SHOW. Therefore a new
 * connection first looks for the query, and while that runs, nothing but KILL is sent.
 */
import type { Connection, QueryError } from 'mysql2';
import { isServerError } from '../../../base/mysql/session.js';

export interface LeftBehind {
  /** Of the connection that was dropped. */
  readonly connectionId: number;
  readonly statement: string;
}

export interface LeftBehindListener {
  /** The query does not run any more, as far as the server lets this user know. */
  gone(): void;
  /** The query still runs, and KILL was sent for it. */
  running(): void;
  /** The connection has failed. */
  failed(error: QueryError): void;
}

/** For a message that starts with the address of the host. */
export function stillRunning({ connectionId }: LeftBehind): string {
  return `the query that timed out is still running (connection ${connectionId}); KILL was sent`;
}

/** Users see their own connections without a privilege, and may end them. */
export function endLeftBehind(
  connection: Connection,
  { connectionId, statement }: LeftBehind,
  listener: LeftBehindListener,
): void {
  const query = `SELECT info FROM information_schema.processlist WHERE id = ${connectionId}`;
  connection.query(query, (error: QueryError | null, rows: unknown) => {
    if (error !== null && !isServerError(error)) {
      listener.failed(error);
      return;
    }
    // After a restart of the server, or behind a proxy, the number may be that of another
    // connection, which must not be ended.
    if (error !== null || !isRunning(rows, statement)) {
      listener.gone();
      return;
    }
    // An error means that the query has just ended, or shows at the next attempt.
    connection.query(`KILL ${connectionId}`, () => listener.running());
  });
}

function isRunning(rows: unknown, statement: string): boolean {
  if (!Array.isArray(rows) || rows.length === 0) return false;
  const [info] = rows[0] as readonly unknown[];
  return typeof info === 'string' && trimmed(info) === trimmed(statement);
}

/** Servers cut blanks and semicolons around a statement. */
function trimmed(statement: string): string {
  return statement.replace(/^\s+|[\s;]+$/g, '');
}
