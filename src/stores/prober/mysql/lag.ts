/**
 * Replication lag: the statement for each kind of server, and how its result is read.
 *
 * MySQL before 8.0.22 knows only SHOW SLAVE STATUS, MySQL 8.4 only SHOW REPLICA STATUS; each
 * returns one row per channel (MySQL Reference Manual, section 15.7.7.35). In MariaDB only SHOW ALL
 * SLAVES STATUS returns all named connections; the others return the default connection.
 */
import { type ResultRows, readNumber, type UnusableResult } from './metric-value.js';

const MYSQL_STATEMENTS = ['SHOW REPLICA STATUS', 'SHOW SLAVE STATUS'] as const;
const MARIADB_STATEMENTS = ['SHOW ALL SLAVES STATUS', 'SHOW SLAVE STATUS'] as const;

/** ER_PARSE_ERROR: the server does not know the statement. */
export const PARSE_ERROR = 1064;

/**
 * Statements to try, in this order, on a server of that version. If it knows none, the error of the
 * last one is reported.
 */
export function lagStatements(serverVersion: string): readonly [string, ...string[]] {
  return /mariadb/i.test(serverVersion) ? MARIADB_STATEMENTS : MYSQL_STATEMENTS;
}

export interface Field {
  readonly name: string;
}

/** With several result sets, which no status has, an element can be undefined. */
type Fields = ReadonlyArray<Field | undefined>;

/** Indexes of the columns that are read; -1: absent. */
interface LagColumns {
  readonly lag: number;
  readonly ioRunning: number;
  readonly sqlRunning: number;
  readonly channel: number;
}

const NOT_CONFIGURED: UnusableResult = {
  reason: 'replication is not configured (set MetricQuery to measure something else)',
};

/**
 * The lag of the worst channel in seconds. A result with a channel whose lag is NULL is unusable,
 * and so is a result without channels.
 */
export function readLag(rows: ResultRows, fields: Fields): number | UnusableResult {
  // Without replication some servers return an OK packet, which is an object without fields.
  if (!Array.isArray(rows)) return NOT_CONFIGURED;
  const columns = findColumns(fields);
  if (columns.lag < 0) return { reason: 'the replication status has no Seconds_Behind_Source' };
  if (rows.length === 0) return NOT_CONFIGURED;
  let worst = 0;
  for (const row of rows) {
    if (row[columns.lag] === null) return { reason: notRunning(row, columns, fields) };
    const seconds = readNumber(row[columns.lag]);
    if (typeof seconds !== 'number') return seconds;
    worst = Math.max(worst, seconds);
  }
  return worst;
}

function findColumns(fields: Fields): LagColumns {
  const find = (...names: string[]): number =>
    fields.findIndex((field) => field !== undefined && names.includes(field.name));
  return {
    lag: find('Seconds_Behind_Source', 'Seconds_Behind_Master'),
    ioRunning: find('Replica_IO_Running', 'Slave_IO_Running'),
    sqlRunning: find('Replica_SQL_Running', 'Slave_SQL_Running'),
    channel: find('Channel_Name', 'Connection_name'),
  };
}

function notRunning(row: readonly unknown[], columns: LagColumns, fields: Fields): string {
  const state = (at: number): string => (at < 0 ? '' : `${fields[at]!.name}=${String(row[at])}`);
  const channel = columns.channel < 0 ? '' : String(row[columns.channel]);
  const where = channel === '' ? '' : ` (channel ${channel})`;
  const threads = `${state(columns.ioRunning)}, ${state(columns.sqlRunning)}`;
  return `replication not running${where}; ${threads}`;
}
