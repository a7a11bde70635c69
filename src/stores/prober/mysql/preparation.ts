/** What a new connection of a probe does between the login and its first query. */
import type { Connection, QueryError } from 'mysql2';
import { readingSession, setUpSession } from '../../../base/mysql/session.js';
import { endLeftBehind, type LeftBehind } from './left-behind.js';

/**
 * The server ends a query that takes longer. Later than the probe's own time-out, which reports it,
 * and sooner than the next query: after a time-out the probe pauses for as long as the query took.
 */
const STATEMENT_LIMIT_MS = 1_200;

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

/** `leftBehind`: a query of an earlier connection that may still run. */
export function prepare(
  connection: Connection,
  serverVersion: string,
  leftBehind: LeftBehind | null,
  listener: PreparationListener,
): void {
  setUpSession(connection, readingSession(serverVersion, STATEMENT_LIMIT_MS), {
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
