/**
 * The tables of the log, the opening of its file, and the check of its owner.
 *
 * `promise`, `snapshot_pieces` and `pieces` are names on disk, older than the words in the code:
 * the lockout of a voter, the chunks of a snapshot and their number.
 */
import { FrenoError, messageOf } from '../../../base/errors.js';
import type { NodeId, SnapshotMeta } from '../core/types.js';
import { Connection, type PreparedStatement } from './connection.js';
import { DamagedLogError, hardStateChecksum, integer } from './load-log.js';
import { APPLICATION_ID } from './log-file.js';
import { checkWriteAheadLog } from './write-ahead-log.js';

/** Raised when an older program could not read the tables. */
const FORMAT_VERSION = 1;

/**
 * SQLite checkpoints the write-ahead log when it has this many pages (of 4 KiB), and truncates it
 * to the size below.
 */
const CHECKPOINT_PAGES = 1000;
const WAL_BYTES_LIMIT = 4 * 1024 * 1024;

/**
 * Rows of a multi-row INSERT: a batch takes the smallest statement that holds it, and leaves the
 * rest of its rows NULL.
 */
export const INSERT_ROWS = [1, 4, 16, 64, 256] as const;
export const INSERT_ROWS_MAX = 256;

const SCHEMA = `
  BEGIN EXCLUSIVE;
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${FORMAT_VERSION};
  CREATE TABLE identity (cluster_name TEXT NOT NULL, node TEXT NOT NULL);
  CREATE TABLE hard_state (term INTEGER NOT NULL, vote TEXT, checksum INTEGER NOT NULL);
  CREATE TABLE snapshot (
    last_index INTEGER NOT NULL, last_term INTEGER NOT NULL, pieces INTEGER NOT NULL
  );
  CREATE TABLE snapshot_pieces (
    snapshot_index INTEGER NOT NULL, sequence INTEGER NOT NULL,
    data BLOB NOT NULL, checksum INTEGER NOT NULL,
    PRIMARY KEY (snapshot_index, sequence)
  );
  CREATE TABLE log (
    idx INTEGER PRIMARY KEY, term INTEGER NOT NULL, data BLOB NOT NULL, checksum INTEGER NOT NULL
  );
  INSERT INTO hard_state VALUES (0, NULL, ${hardStateChecksum({ term: 0, vote: null })});
  CREATE TABLE promise (ms INTEGER NOT NULL);
  INSERT INTO snapshot VALUES (0, 0, 0);
  INSERT INTO promise VALUES (0);
  COMMIT;`;

/** The node that a data directory belongs to. */
export interface StorageIdentity {
  readonly clusterName: string;
  readonly node: NodeId;
}

export interface StorageStatements {
  readonly setHardState: PreparedStatement;
  readonly truncate: PreparedStatement;
  /** By number of rows. */
  readonly insert: ReadonlyMap<number, PreparedStatement>;
  readonly insertChunk: PreparedStatement;
  readonly readChunk: PreparedStatement;
  readonly deletePrefix: PreparedStatement;
  readonly setLockout: PreparedStatement;
}

/**
 * Opens or creates the file and takes its lock until the connection closes or the process ends,
 * however it ends. Rejects with SQLite's own errors.
 */
export async function openConnection(path: string): Promise<Connection> {
  const connection = await Connection.open(path);
  try {
    // Before anything is read: the write-ahead log then needs no shared memory beside it, and the
    // first access takes the lock.
    await connection.execute('PRAGMA locking_mode = EXCLUSIVE');
    const [{ tables } = {}] = await connection.all('SELECT count(*) AS tables FROM sqlite_schema');
    await checkWriteAheadLog(`${path}-wal`);
    if (tables === 0) await connection.execute(SCHEMA);
    const [mode] = await connection.all('PRAGMA journal_mode = WAL');
    if (mode?.journal_mode !== 'wal')
      throw new Error('the file system does not support a write-ahead log');
    await connection.execute(`
      PRAGMA synchronous = FULL;
      PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES};
      PRAGMA journal_size_limit = ${WAL_BYTES_LIMIT};
      BEGIN IMMEDIATE; COMMIT;`);
    await syncRecovered(connection);
    return connection;
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/**
 * What a killed process had written but not synced is in the page cache, and is read back as if it
 * were durable. This node would acknowledge votes and entries that the next crash of the machine
 * loses. A checkpoint writes and syncs all of it.
 */
async function syncRecovered(connection: Connection): Promise<void> {
  const [row] = await connection.all('PRAGMA wal_checkpoint(TRUNCATE)');
  if (row?.busy !== 0) throw new Error('its write-ahead log cannot be checkpointed');
}

/** Throws `RESOURCE` for the file of a newer program. */
export async function checkFormat(connection: Connection): Promise<void> {
  const [row] = await connection.all('PRAGMA user_version');
  if (row?.user_version === FORMAT_VERSION) return;
  throw new FrenoError(
    'RESOURCE',
    `its format is ${row?.user_version}, this program knows ${FORMAT_VERSION}`,
  );
}

/** Throws `RESOURCE` when the log belongs to another node; a new log gets this node's name. */
export async function checkIdentity(
  connection: Connection,
  identity: StorageIdentity,
): Promise<void> {
  const [row] = await connection.all('SELECT cluster_name, node FROM identity');
  if (row === undefined) {
    const insert = await connection.prepare('INSERT INTO identity VALUES (?, ?)');
    await new Promise<void>((resolve, reject) => {
      insert.run([identity.clusterName, identity.node], (error) =>
        error === null ? resolve() : reject(error),
      );
    });
    return;
  }
  if (row.cluster_name === identity.clusterName && row.node === identity.node) return;
  throw new FrenoError(
    'RESOURCE',
    `it belongs to node ${row.node} of cluster ${row.cluster_name}, ` +
      `this is node ${identity.node} of cluster ${identity.clusterName}: ` +
      'check RaftAdvertise, RaftBind and RaftClusterName, or name another RaftDataDir',
  );
}

/**
 * The longest lockout of earlier runs that may still hold, in milliseconds; 0: none. Throws
 * `DamagedLogError`.
 */
export async function loadLockout(connection: Connection): Promise<number> {
  const [row] = await connection.all('SELECT ms FROM promise');
  return integer(row ?? {}, 'ms');
}

/** Deletes what a crash between a snapshot and its clean-up left. */
export async function deleteLeftovers(
  connection: Connection,
  { index }: SnapshotMeta,
): Promise<void> {
  await connection.execute(
    `DELETE FROM log WHERE idx <= ${index};
      DELETE FROM snapshot_pieces WHERE snapshot_index <> ${index}`,
  );
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
    setHardState: await connection.prepare(
      'UPDATE hard_state SET term = ?, vote = ?, checksum = ?',
    ),
    truncate: await connection.prepare('DELETE FROM log WHERE idx >= ?'),
    insertChunk: await connection.prepare(
      'INSERT OR REPLACE INTO snapshot_pieces VALUES (?, ?, ?, ?)',
    ),
    readChunk: await connection.prepare(
      'SELECT data, checksum FROM snapshot_pieces WHERE snapshot_index = ? AND sequence = ?',
    ),
    deletePrefix: await connection.prepare('DELETE FROM log WHERE idx <= ?'),
    setLockout: await connection.prepare('UPDATE promise SET ms = ?'),
  };
}

export function inUseError(path: string): FrenoError {
  return new FrenoError(
    'RESOURCE',
    `RaftDataDir: ${path} is in use by another process; stop that one, or name another directory`,
  );
}

/** The error for the operator, with the path, for anything that opening the log threw. */
export function storageError(path: string, error: unknown): FrenoError {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'SQLITE_BUSY' || code === 'SQLITE_LOCKED') return inUseError(path);
  const isDamaged =
    error instanceof DamagedLogError || code === 'SQLITE_CORRUPT' || code === 'SQLITE_NOTADB';
  const message = messageOf(error);
  if (isDamaged) {
    return new FrenoError(
      'RESOURCE',
      `${path} is damaged (${message}): see "Replace a node" in docs/raft.md`,
      { cause: error },
    );
  }
  if (error instanceof FrenoError && message.includes(path)) return error;
  return new FrenoError('RESOURCE', `${path} cannot be used: ${message}`, { cause: error });
}
