/**
 * Replication lag: what to ask which server, and how to read its answer.
 *
 * MySQL before 8.0.22 knows SHOW SLAVE STATUS only, MySQL 8.4 SHOW REPLICA STATUS only; each
 * returns one row per channel. MariaDB returns all its named connections to SHOW ALL SLAVES STATUS
 * only, and the default one to the others.
 */
import { type ResultRows, readNumber, type UnusableResult } from './metric-value.js';

const MYSQL_STATEMENTS = ['SHOW REPLICA STATUS', 'SHOW SLAVE STATUS'] as const;
const MARIADB_STATEMENTS = ['SHOW ALL SLAVES STATUS', 'SHOW SLAVE STATUS'] as const;

/** ER_PARSE_ERROR: the server does not know the statement. */
export const PARSE_ERROR = 1064;

/**
 * Statements to try, in this order, on a server that greets with that version. The last one is as
 * good as any for its error.
 */
export function lagStatements(serverVersion: string): readonly [string, ...string[]] {
  return /mariadb/i.test(serverVersion) ? MARIADB_STATEMENTS : MYSQL_STATEMENTS;
}

export interface Field {
  readonly name: string;
}

/** Of several result sets, which no status has, each gives a list of fields or nothing. */
type Fields = ReadonlyArray<Field | undefined>;

/** Where the columns that matter stand; -1: nowhere. */
interface LagColumns {
  readonly lag: number;
  readonly ioRunning: number;
  readonly sqlRunning: number;
  readonly channel: number;
}

const NOT_CONFIGURED: UnusableResult = {
  reason: 'replication is not configured here (name a MetricQuery if that is meant)',
};

/**
 * Seconds that the worst channel lags. A channel whose lag is NULL makes the answer unusable, and
 * so does having none.
 */
export function readLag(rows: ResultRows, fields: Fields): number | UnusableResult {
  // Without replication some servers answer with a mere OK, which comes as an object and has no
  // fields.
  if (!Array.isArray(rows)) return NOT_CONFIGURED;
  const columns = locate(fields);
  if (columns.lag < 0) return { reason: 'the replication status has no Seconds_Behind_Source' };
  if (rows.length === 0) return NOT_CONFIGURED;
  let worst = 0;
  for (const row of rows) {
    if (row[columns.lag] === null) return { reason: stopped(row, columns, fields) };
    const seconds = readNumber(row[columns.lag]);
    if (typeof seconds !== 'number') return seconds;
    worst = Math.max(worst, seconds);
  }
  return worst;
}

function locate(fields: Fields): LagColumns {
  const find = (...names: string[]): number =>
    fields.findIndex((field) => field !== undefined && names.includes(field.name));
  return {
    lag: find('Seconds_Behind_Source', 'Seconds_Behind_Master'),
    ioRunning: find('Replica_IO_Running', 'Slave_IO_Running'),
    sqlRunning: find('Replica_SQL_Running', 'Slave_SQL_Running'),
    channel: find('Channel_Name', 'Connection_name'),
  };
}

function stopped(row: readonly unknown[], columns: LagColumns, fields: Fields): string {
  const state = (at: number): string => (at < 0 ? '' : `${fields[at]!.name}=${String(row[at])}`);
  const channel = columns.channel < 0 ? '' : String(row[columns.channel]);
  const where = channel === '' ? '' : ` (channel ${channel})`;
  return `replication not running${where}; ${state(columns.ioRunning)}, ${state(columns.sqlRunning)}`;
}
