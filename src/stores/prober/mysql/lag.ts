/**
 * Replication lag: the statement for each kind of server, and how its result is read.
 *
 * MySQL before 8.0.22 knows only SHOW SLAVE STATUS, MySQL 8.4 only SHOW REPLICA STATUS; each
 * returns one row per channel (MySQL Reference Manual, section 15.7.7.35). In MariaDB only SHOW ALL
 * SLAVES STATUS returns all named connections; the others return the default connection.
 *
 * The states of the two threads decide whether a channel has a lag. The number alone does not: with
 * a receiver that has stopped or connects again, MySQL reports 0 as soon as all that was received
 * is applied, however much the source has written since.
 */
import { isMariaDb } from '../../../base/mysql/server-version.js';
import type { ResultRow, ResultRows, TextField } from '../../../base/mysql/text-query.js';
import { readNumber, type UnusableResult } from './metric-value.js';

const MYSQL_STATEMENTS = ['SHOW REPLICA STATUS', 'SHOW SLAVE STATUS'] as const;
const MARIADB_STATEMENTS = ['SHOW ALL SLAVES STATUS', 'SHOW SLAVE STATUS'] as const;

/** ER_PARSE_ERROR: the server does not know the statement. */
export const PARSE_ERROR = 1064;

/**
 * Statements to try, in this order, on a server of that version. If it knows none, the error of the
 * last one is reported.
 */
export function lagStatements(serverVersion: string): readonly [string, ...string[]] {
  return isMariaDb(serverVersion) ? MARIADB_STATEMENTS : MYSQL_STATEMENTS;
}

type Fields = readonly TextField[];

/** Indexes of the columns that are read; -1: absent, so that its values are undefined. */
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
 * A member of a replication group receives transactions without a receiver thread. It keeps this
 * channel for its recovery, when it reads from another member what it has missed.
 */
const GROUP_RECOVERY_CHANNEL = 'group_replication_recovery';

const ONLY_GROUP_REPLICATION: UnusableResult = {
  reason:
    'replication is not configured, except for group replication (set MetricQuery, e.g. to ' +
    'count_transactions_remote_in_applier_queue of replication_group_member_stats)',
};

/** A thread is in one of: `Yes`, `No`, `Connecting`, and in MariaDB `Preparing`. */
const RUNNING = 'Yes';
const STOPPED = 'No';

/**
 * The lag of the worst channel in seconds. A result with a channel that does not replicate is
 * unusable, and so is a result without channels.
 */
export function readLag(rows: ResultRows | null, fields: Fields): number | UnusableResult {
  // Without replication some servers return no result set.
  if (rows === null) return NOT_CONFIGURED;
  const columns = findColumns(fields);
  if (columns.lag < 0) return { reason: 'the replication status has no Seconds_Behind_Source' };
  if (rows.length === 0) return NOT_CONFIGURED;
  let worst = Number.NEGATIVE_INFINITY;
  for (const row of rows) {
    if (isIdleRecovery(row, columns)) continue;
    if (!isReplicating(row, columns)) return { reason: notRunning(row, columns, fields) };
    const seconds = readNumber(row[columns.lag]!);
    if (typeof seconds !== 'number') return seconds;
    worst = Math.max(worst, seconds);
  }
  return worst === Number.NEGATIVE_INFINITY ? ONLY_GROUP_REPLICATION : worst;
}

/** The recovery of a healthy member of a group: neither thread runs. */
function isIdleRecovery(row: ResultRow, columns: LagColumns): boolean {
  return (
    row[columns.channel] === GROUP_RECOVERY_CHANNEL &&
    row[columns.ioRunning] === STOPPED &&
    row[columns.sqlRunning] === STOPPED
  );
}

function isReplicating(row: ResultRow, columns: LagColumns): boolean {
  return (
    row[columns.ioRunning] === RUNNING &&
    row[columns.sqlRunning] === RUNNING &&
    row[columns.lag] !== null
  );
}

function findColumns(fields: Fields): LagColumns {
  const find = (...names: string[]): number => fields.findIndex(({ name }) => names.includes(name));
  return {
    lag: find('Seconds_Behind_Source', 'Seconds_Behind_Master'),
    ioRunning: find('Replica_IO_Running', 'Slave_IO_Running'),
    sqlRunning: find('Replica_SQL_Running', 'Slave_SQL_Running'),
    channel: find('Channel_Name', 'Connection_name'),
  };
}

function notRunning(row: ResultRow, columns: LagColumns, fields: Fields): string {
  const state = (at: number): string => (at < 0 ? '' : `${fields[at]!.name}=${String(row[at])}`);
  const channel = columns.channel < 0 ? '' : String(row[columns.channel]);
  const where = channel === '' ? '' : ` (channel ${channel})`;
  const threads = `${state(columns.ioRunning)}, ${state(columns.sqlRunning)}`;
  return `replication not running${where}; ${threads}`;
}
