/** The result of each statement on a simulated server, by its dialect. */
import { MYSQL_DEFAULT_PORT } from '../../base/mysql/default-port.js';
import { type Cell, error, ok, type ResultColumn, resultSet } from './packets.js';

/**
 * The simulated server: MySQL 8.4 knows only SHOW REPLICA STATUS, MySQL 5.7 only SHOW SLAVE STATUS.
 * MySQL 8.0 knows both, and names the columns as the statement does; MariaDB too, always with the
 * old names.
 */
export type Dialect = 'mysql-8.4' | 'mysql-8.0' | 'mysql-5.7' | 'mariadb';

export const SERVER_VERSION: Readonly<Record<Dialect, string>> = {
  'mysql-8.4': '8.4.3-simulated',
  'mysql-8.0': '8.0.40-simulated',
  'mysql-5.7': '5.7.44-simulated',
  mariadb: '10.11.6-MariaDB-simulated',
};

/** A row of the replication status. */
export interface ReplicationChannel {
  readonly name: string;
  readonly ioRunning: string;
  readonly sqlRunning: string;
  /** Seconds behind the source. */
  readonly lag: Cell;
}

const ER_PARSE_ERROR = 1064;

/**
 * The packets of the result of `sql` on a server whose metric has that value. Any `SELECT` or
 * `WITH` is a metric query. Replication has these channels; without any it has one with the value
 * as its lag, of which NULL means that the IO thread has stopped.
 */
export function queryResult(
  sql: string,
  value: Cell,
  dialect: Dialect,
  channels: readonly ReplicationChannel[] | null = null,
): Buffer {
  const statement = withoutLeadingComments(sql);
  const replicaStatus = /^show\s+(?:all\s+)?(replicas?|slaves?)\s+status/i.exec(statement);
  if (replicaStatus !== null) {
    const modern = replicaStatus[1]!.toLowerCase().startsWith('replica');
    if (dialect === (modern ? 'mysql-5.7' : 'mysql-8.4')) return syntaxError(statement);
    const all = channels ?? [defaultChannel(value)];
    return showReplicaStatus(all, modern && dialect !== 'mariadb');
  }
  if (/^show\s+(global|session)?\s*(status|variables)/i.test(statement)) {
    return resultSet(
      [textColumn('Variable_name'), textColumn('Value')],
      [['simulated', value === null ? null : String(value)]],
    );
  }
  if (/^select\s+(@@version|version\(\))/i.test(statement)) {
    return resultSet([textColumn('version')], [[SERVER_VERSION[dialect]]]);
  }
  if (/^(select|with)\b/i.test(statement)) return resultSet([numberColumn('value')], [[value]]);
  if (/^(set|use|begin|start\s+transaction|commit|rollback)\b/i.test(statement)) return ok(1);
  return syntaxError(statement);
}

function defaultChannel(lag: Cell): ReplicationChannel {
  return { name: '', ioRunning: lag === null ? 'No' : 'Yes', sqlRunning: 'Yes', lag };
}

function showReplicaStatus(channels: readonly ReplicationChannel[], modern: boolean): Buffer {
  const rows = channels.map((channel) => channelFields(channel, modern));
  // A result without rows has the same columns.
  const columns = rows[0] ?? channelFields(defaultChannel(null), modern);
  return resultSet(
    columns.map(([column]) => column),
    rows.map((fields) => fields.map(([, cell]) => cell)),
  );
}

function channelFields(
  { name, ioRunning, sqlRunning, lag }: ReplicationChannel,
  modern: boolean,
): ReadonlyArray<readonly [ResultColumn, Cell]> {
  const role = modern ? 'Replica' : 'Slave';
  const source = modern ? 'Source' : 'Master';
  const connected = ioRunning === 'Yes';
  return [
    [textColumn(`${role}_IO_State`), connected ? `Waiting for ${source.toLowerCase()}` : ''],
    [textColumn(`${source}_Host`), 'primary'],
    [textColumn(`${source}_User`), 'replication'],
    [numberColumn(`${source}_Port`), MYSQL_DEFAULT_PORT],
    [textColumn(`${source}_Log_File`), 'binlog.000001'],
    [numberColumn(`Read_${source}_Log_Pos`), 157],
    [textColumn(`${role}_IO_Running`), ioRunning],
    [textColumn(`${role}_SQL_Running`), sqlRunning],
    [numberColumn('Last_Errno'), 0],
    [textColumn('Last_Error'), ''],
    [numberColumn(`Seconds_Behind_${source}`), lag],
    [numberColumn('Last_IO_Errno'), connected ? 0 : 2003],
    [
      textColumn('Last_IO_Error'),
      connected ? '' : `error connecting to primary:${MYSQL_DEFAULT_PORT}`,
    ],
    [numberColumn('Last_SQL_Errno'), 0],
    [textColumn('Last_SQL_Error'), ''],
    [textColumn('Channel_Name'), name],
  ];
}

function syntaxError(statement: string): Buffer {
  const near = statement.slice(0, 80);
  return error(1, ER_PARSE_ERROR, '42000', `You have an error in your SQL syntax near '${near}'`);
}

function withoutLeadingComments(sql: string): string {
  return sql.replace(/^(?:\s+|\/\*[\s\S]*?\*\/|--[^\n]*(?:\n|$)|#[^\n]*(?:\n|$))+/, '');
}

function textColumn(name: string): ResultColumn {
  return { name, type: 'text' };
}

function numberColumn(name: string): ResultColumn {
  return { name, type: 'number' };
}
