/** The tables of the log, their creation, and the statements over them. */
import type { NodeId } from '../core/types.js';
import { chainStart, snapshotChecksum } from './checksums.js';
import type { Connection, PreparedStatement, SqlValue } from './connection.js';
import { DamagedLogError } from './errors.js';
import type { StoredSnapshot } from './load-log.js';
import { APPLICATION_ID } from './log-file.js';
import { NODE_STATE_COLUMNS, type NodeState, nodeStateRow } from './node-state.js';

/** Of the tables; raised when an older program could not read them. */
export const FORMAT_VERSION = 2;

/**
 * Rows of a multi-row INSERT: a batch takes the smallest statement that holds it, and leaves the
 * rest of its rows NULL.
 */
export const INSERT_ROWS = [1, 4, 16, 64, 256] as const;
export const INSERT_ROWS_MAX = 256;

/**
 * By name. `snapshot_pieces` and `pieces` are names on disk, older than the words in the code: the
 * chunks of a snapshot, and their number.
 */
export const TABLES = {
  node_state: `CREATE TABLE node_state (
    file_id TEXT NOT NULL, version INTEGER NOT NULL, cluster_name TEXT NOT NULL,
    node TEXT NOT NULL, nodes TEXT, cluster_id TEXT, joining INTEGER NOT NULL,
    lockout_ms INTEGER NOT NULL, term INTEGER NOT NULL, vote TEXT, checksum INTEGER NOT NULL
  )`,
  snapshot: `CREATE TABLE snapshot (
    last_index INTEGER NOT NULL, last_term INTEGER NOT NULL, pieces INTEGER NOT NULL,
    chain INTEGER NOT NULL, checksum INTEGER NOT NULL
  )`,
  snapshot_pieces: `CREATE TABLE snapshot_pieces (
    snapshot_index INTEGER NOT NULL, sequence INTEGER NOT NULL,
    data BLOB NOT NULL, checksum INTEGER NOT NULL,
    PRIMARY KEY (snapshot_index, sequence)
  )`,
  log: `CREATE TABLE log (
    idx INTEGER PRIMARY KEY, term INTEGER NOT NULL, data BLOB NOT NULL, checksum INTEGER NOT NULL
  )`,
};

/** The node that a data directory belongs to. */
export interface StorageIdentity {
  readonly clusterName: string;
  readonly node: NodeId;
  /** All nodes of the cluster, this one included. */
  readonly nodes: readonly NodeId[];
}

export interface StorageStatements {
  readonly setState: PreparedStatement;
  readonly truncate: PreparedStatement;
  /** By number of rows. */
  readonly insert: ReadonlyMap<number, PreparedStatement>;
  readonly insertChunk: PreparedStatement;
  readonly readChunk: PreparedStatement;
  readonly readChain: PreparedStatement;
  readonly deletePrefix: PreparedStatement;
  readonly checkpoint: PreparedStatement;
}

/**
 * All statements that `write` makes in one transaction. Only while the file is opened, when nothing
 * else uses the connection.
 */
export async function inTransaction(
  connection: Connection,
  write: () => Promise<void>,
): Promise<void> {
  await connection.execute('BEGIN EXCLUSIVE');
  try {
    await write();
    await connection.execute('COMMIT');
  } catch (error) {
    await connection.execute('ROLLBACK').catch(() => {});
    throw error;
  }
}

/** Fills an empty file, in one transaction. */
export async function createTables(connection: Connection, state: NodeState): Promise<void> {
  const none = { index: 0, term: 0 };
  const chain = chainStart(none);
  await inTransaction(connection, async () => {
    await connection.execute(`
      PRAGMA application_id = ${APPLICATION_ID};
      PRAGMA user_version = ${FORMAT_VERSION};
      ${Object.values(TABLES).join(';\n')};
      INSERT INTO snapshot VALUES (0, 0, 0, ${chain}, ${snapshotChecksum(none, 0, chain)});`);
    await insertState(connection, state);
  });
}

export function insertState(connection: Connection, state: NodeState): Promise<void> {
  const row = nodeStateRow(state);
  return runOnce(connection, `INSERT INTO node_state VALUES (${placeholders(row.length)})`, row);
}

export async function updateState(connection: Connection, state: NodeState): Promise<void> {
  await runOnce(connection, SET_STATE, nodeStateRow(state));
}

export async function runOnce(
  connection: Connection,
  sql: string,
  parameters: readonly SqlValue[],
): Promise<void> {
  await connection.all(sql, ...parameters);
}

/**
 * One bit of the text of the schema, and SQLite finds no table, or another column. Throws
 * `DamagedLogError`.
 */
export async function checkTables(
  connection: Connection,
  expected: Readonly<Record<string, string>> = TABLES,
): Promise<void> {
  const rows = await connection.all(
    "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE sql IS NOT NULL OR type <> 'index'",
  );
  for (const { type, name, tbl_name, sql } of rows) {
    const isExpected = compact(expected[String(name)] ?? '') === compact(String(sql));
    if (type !== 'table' || name !== tbl_name || !isExpected) {
      throw new DamagedLogError(`its table ${name} is not as this program made it`);
    }
  }
  if (rows.length !== Object.keys(expected).length) {
    throw new DamagedLogError('one of its tables is missing');
  }
}

/** Without what differs between the texts of releases: SQLite keeps them as they were given. */
function compact(sql: string): string {
  return sql.replace(/\s+/g, ' ').replace(/ ?([(),]) ?/g, '$1');
}

const SET_STATE =
  `UPDATE node_state SET (${NODE_STATE_COLUMNS}) = ` +
  `(${placeholders(NODE_STATE_COLUMNS.split(',').length)})`;

function placeholders(count: number): string {
  return new Array(count).fill('?').join(', ');
}

export async function prepareStatements(connection: Connection): Promise<StorageStatements> {
  const insert = new Map<number, PreparedStatement>();
  for (const rows of INSERT_ROWS) {
    const values = new Array(rows).fill('(?, ?, ?, ?)').join(', ');
    const sql = `INSERT INTO log SELECT * FROM (VALUES ${values}) WHERE column1 IS NOT NULL`;
    insert.set(rows, await connection.prepare(sql));
  }
  return {
    insert,
    setState: await connection.prepare(SET_STATE),
    truncate: await connection.prepare('DELETE FROM log WHERE idx >= ?'),
    insertChunk: await connection.prepare(
      'INSERT OR REPLACE INTO snapshot_pieces VALUES (?, ?, ?, ?)',
    ),
    readChunk: await connection.prepare(
      'SELECT data, checksum FROM snapshot_pieces WHERE snapshot_index = ? AND sequence = ?',
    ),
    readChain: await connection.prepare('SELECT checksum FROM log WHERE idx = ?'),
    deletePrefix: await connection.prepare('DELETE FROM log WHERE idx <= ?'),
    checkpoint: await connection.prepare('PRAGMA wal_checkpoint(PASSIVE)'),
  };
}

/**
 * Replaces the record of the snapshot, and drops the chunks of older ones: those of a newer one, of
 * the leader, may already be written.
 */
export function recordSql({ meta, chunkCount, chain }: StoredSnapshot): string {
  const { index, term } = meta;
  const checksum = snapshotChecksum(meta, chunkCount, chain);
  return (
    `UPDATE snapshot SET last_index = ${index}, last_term = ${term}, pieces = ${chunkCount}, ` +
    `chain = ${chain}, checksum = ${checksum}; ` +
    `DELETE FROM snapshot_pieces WHERE snapshot_index < ${index}`
  );
}
