/**
 * What is set once after the login, so that no statement depends on the defaults of the server, its
 * `init_connect` included.
 *
 * With `autocommit=0` the first query of a probe would open a transaction that nothing ends: at
 * REPEATABLE READ all later queries would return what was true then, and the server could purge no
 * row version since. READ COMMITTED gives each statement its own read view, so that a server that
 * refuses one of the two settings still returns current values.
 *
 * All settings go in one statement. A server that refuses it, because it does not know one of the
 * variables or does not let this user set it, gets them one by one and keeps what it accepts.
 */
import type { Connection, QueryError } from 'mysql2';
import { isMariaDb } from './server-version.js';

export interface SessionSetup {
  /** All settings in one statement. */
  readonly together: string;
  /** The same settings in statements that every version knows, one each. */
  readonly oneByOne: readonly string[];
}

export interface SessionListener {
  /** A statement is about to be sent. */
  sending(): void;
  /** `refused`: a statement that the server did not accept, with the error of the server. */
  done(refused: ReadonlyArray<readonly [statement: string, error: QueryError]>): void;
  /** The connection has failed. */
  failed(error: QueryError): void;
}

/** A statement waits no longer for a lock than its client for the result; servers allow no less. */
const LOCK_WAIT_SECONDS = 1;

/**
 * For statements that only read. `statementLimitMs`: the server ends a statement that takes longer,
 * also when its client is gone. (MySQL ends only SELECT.)
 *
 * The time zone and the SQL mode stay those of the server: they are part of what a configured query
 * means there.
 */
export function readingSession(serverVersion: string, statementLimitMs: number): SessionSetup {
  // MySQL names both variables `transaction_…` from 5.7.20 on, MariaDB from 11.1 on.
  const transaction = isMariaDb(serverVersion) ? 'tx' : 'transaction';
  const limits = limitsOf(serverVersion, statementLimitMs);
  return {
    together: set(
      'autocommit = 1',
      `${transaction}_isolation = 'READ-COMMITTED'`,
      `${transaction}_read_only = 1`,
      ...limits,
    ),
    oneByOne: [
      set('autocommit = 1'),
      'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED',
      'SET SESSION TRANSACTION READ ONLY',
      ...limits.map((assignment) => set(assignment)),
    ],
  };
}

/**
 * For statements that write, beside `autocommit`, which its user cannot do without. REPEATABLE
 * READ, because a server with a binary log in statement format refuses writes at READ COMMITTED.
 */
export function writingSession(serverVersion: string, statementLimitMs: number): SessionSetup {
  const transaction = isMariaDb(serverVersion) ? 'tx' : 'transaction';
  const limits = limitsOf(serverVersion, statementLimitMs);
  return {
    together: set(
      `${transaction}_isolation = 'REPEATABLE-READ'`,
      `${transaction}_read_only = 0`,
      ...limits,
    ),
    oneByOne: [
      'SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ',
      'SET SESSION TRANSACTION READ WRITE',
      ...limits.map((assignment) => set(assignment)),
    ],
  };
}

/** Sends the settings, each after the response to the one before. */
export function setUpSession(
  connection: Connection,
  setup: SessionSetup,
  listener: SessionListener,
): void {
  listener.sending();
  connection.query(setup.together, (error: QueryError | null) => {
    if (error === null) listener.done([]);
    else if (isServerError(error)) setOneByOne(connection, setup.oneByOne, listener);
    else listener.failed(error);
  });
}

/** Whether the server has responded with an error, and the connection is still usable. */
export function isServerError(error: QueryError): boolean {
  return error.errno !== undefined && !error.fatal;
}

function setOneByOne(
  connection: Connection,
  statements: readonly string[],
  listener: SessionListener,
): void {
  const refused: Array<readonly [string, QueryError]> = [];
  let next = 0;
  const send = (): void => {
    const statement = statements[next++];
    if (statement === undefined) {
      listener.done(refused);
      return;
    }
    listener.sending();
    connection.query(statement, (error: QueryError | null) => {
      if (error !== null && !isServerError(error)) {
        listener.failed(error);
        return;
      }
      if (error !== null) refused.push([statement, error]);
      send();
    });
  };
  send();
}

function limitsOf(serverVersion: string, statementLimitMs: number): readonly string[] {
  return [
    `lock_wait_timeout = ${LOCK_WAIT_SECONDS}`,
    `innodb_lock_wait_timeout = ${LOCK_WAIT_SECONDS}`,
    // Seconds in MariaDB, milliseconds in MySQL (from 5.7.8).
    isMariaDb(serverVersion)
      ? `max_statement_time = ${statementLimitMs / 1_000}`
      : `max_execution_time = ${statementLimitMs}`,
  ];
}

function set(...assignments: readonly string[]): string {
  return `SET SESSION ${assignments.join(', ')}`;
}
