/** What a new connection of a probe does between the login and its first query. */
import type { Connection, QueryError } from 'mysql2';
import { readingSession, setUpSession } from '../../../base/mysql/session.js';
import { endLeftBehind, type LeftBehind } from './left-behind.js';

/**
 * The server ends a query that takes longer. Later than the probe's own time-out, which reports it,
 * and sooner than the next query: after a time-out the probe pauses for as long as the query took.
 */
const STATEMENT_LIMIT_MS = 1_200;

/**
 * Where several metrics share the connection, sooner than that time-out: a query that is too slow
 * is then an error of its metric alone, and the connection stays.
 */
const SHARED_STATEMENT_LIMIT_MS = 900;

export interface PreparationListener {
  /** A statement is about to be sent. */
  sending(): void;
  /** The server has refused settings of the session. */
  refused(reason: string): void;
  /** The first query may be sent: no earlier one runs on the server. */
  ready(): void;
  /** An earlier query still runs on the server. */
  running(leftBehind: LeftBehind): void;
  /** The connection has failed. */
  failed(error: QueryError): void;
}

/**
 * `isShared`: several metrics use the connection. `leftBehind`: a query of an earlier connection
 * that may still run.
 */
export function prepare(
  connection: Connection,
  serverVersion: string,
  isShared: boolean,
  leftBehind: LeftBehind | null,
  listener: PreparationListener,
): void {
  const limitMs = isShared ? SHARED_STATEMENT_LIMIT_MS : STATEMENT_LIMIT_MS;
  setUpSession(connection, readingSession(serverVersion, limitMs), {
    sending: () => listener.sending(),
    done: (refused) => {
      if (refused.length > 0) {
        const reasons = refused.map(([statement, { message }]) => `${statement}: ${message}`);
        listener.refused(reasons.join('; '));
      }
      if (leftBehind === null) {
        listener.ready();
        return;
      }
      listener.sending();
      endLeftBehind(connection, leftBehind, {
        gone: () => listener.ready(),
        running: () => listener.running(leftBehind),
        failed: (error) => listener.failed(error),
      });
    },
    failed: (error) => listener.failed(error),
  });
}
