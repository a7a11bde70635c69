/**
 * Opens the files of a log: looks at all of them before anything is written, and leaves them as
 * they are when they are refused.
 */
import { rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { FrenoError } from '../../../base/errors.js';
import type { Logger } from '../../../base/log.js';
import type { SnapshotMeta } from '../core/types.js';
import { chainStart } from './checksums.js';
import { Connection } from './connection.js';
import { DamagedLogError } from './errors.js';
import { migrate } from './format-1.js';
import { type LoadedLog, loadLog } from './load-log.js';
import { type NodeState, newFileId } from './node-state.js';
import { checkIdentity, checkNodes, isFounding, listChanges } from './ownership.js';
import {
  checkTables,
  createTables,
  FORMAT_VERSION,
  type StorageIdentity,
  updateState,
} from './schema.js';
import { checkHeld, checkSideFile, isUnused, nothingSynced } from './synced-check.js';
import { SyncedFile, type SyncedFound, type SyncedRecord, syncDirectory } from './synced-file.js';
import { checkWriteAheadLog, type WalCondition } from './write-ahead-log.js';

/**
 * The write-ahead log is moved into the file when it has this many pages (of 4 KiB), and is cut to
 * the size below.
 */
const CHECKPOINT_PAGES = 1000;
const WAL_BYTES_LIMIT = 4 * 1024 * 1024;

export interface OpenOptions {
  /** Goes on alone from data that were used with other nodes. */
  readonly forceNewCluster?: boolean | undefined;
  /**
   * What this process knows to be in the directory, after a fault: less is refused, and nothing is
   * created.
   */
  readonly held?: SyncedRecord | null | undefined;
}

export interface OpenedFiles {
  readonly connection: Connection;
  readonly synced: SyncedFile;
  readonly loaded: LoadedLog;
}

/**
 * The file is locked until the connection closes or the process ends, however it ends. Rejects with
 * SQLite's own errors, `DamagedLogError` or `RESOURCE`.
 */
export async function openFiles(
  path: string,
  identity: StorageIdentity,
  log: Logger,
  options: OpenOptions,
): Promise<OpenedFiles> {
  await finishRename(path);
  await requireDatabase(path, options);
  const connection = await Connection.open(path);
  let isEmpty: boolean;
  try {
    // Before anything is read: the write-ahead log then needs no shared memory beside it, and the
    // first access takes the lock.
    await connection.execute('PRAGMA locking_mode = EXCLUSIVE');
    const [row] = await connection.all('SELECT count(*) AS tables FROM sqlite_schema');
    isEmpty = row?.tables === 0;
  } catch (error) {
    await connection.close();
    throw error;
  }
  let files: OpenedFiles;
  try {
    files = await openLocked(connection, path, identity, options, isEmpty);
  } catch (error) {
    await closeUntouched(connection, path);
    throw error;
  }
  try {
    const state = await begin(connection, files.loaded, identity, log);
    return { ...files, loaded: { ...files.loaded, state } };
  } catch (error) {
    await connection.close();
    await files.synced.close();
    throw error;
  }
}

/**
 * A database that is empty is legal where nothing was ever written: a process was killed while it
 * created it. SQLite deletes a write-ahead log that it finds beside one.
 */
async function requireDatabase(path: string, { held }: OpenOptions): Promise<void> {
  const size = await sizeOf(path);
  if (size !== null && size > 0) return;
  const what = size === null ? 'it is missing' : 'it is empty';
  if (held != null) {
    throw new DamagedLogError(
      `${what}, but this process wrote to it before: is the volume mounted?`,
    );
  }
  if (!isUnused(await SyncedFile.read(`${path}-synced`))) {
    throw new DamagedLogError(`${what}, but ${path}-synced shows that it was used`);
  }
  const wal = await checkWriteAheadLog(`${path}-wal`);
  if (wal === 'whole' || wal === 'short') {
    throw new DamagedLogError(`${what}, but ${path}-wal holds changes`);
  }
}

async function openLocked(
  connection: Connection,
  path: string,
  identity: StorageIdentity,
  options: OpenOptions,
  isEmpty: boolean,
): Promise<OpenedFiles> {
  const sidePath = `${path}-synced`;
  const found = await SyncedFile.read(sidePath);
  const wal = await checkWriteAheadLog(`${path}-wal`);
  const [{ user_version: version } = {}] = await connection.all('PRAGMA user_version');
  if (isEmpty) {
    if (version !== 0) throw new DamagedLogError('its tables are missing');
    if (!isUnused(found))
      throw new DamagedLogError(`it is empty, but ${sidePath} shows that it was used`);
    await create(connection, sidePath, identity);
  } else if (version === 1) {
    if (!isUnused(found)) throw new DamagedLogError('it is a copy from before an upgrade');
    const fileId = await createSideFile(sidePath);
    await migrate(connection, identity, fileId, (state) => {
      checkIdentity(state, identity);
      checkNodes(state, identity, options.forceNewCluster === true);
    });
  } else if (version !== FORMAT_VERSION) {
    throw new FrenoError(
      'RESOURCE',
      `its format is ${version}, this program knows ${FORMAT_VERSION}`,
    );
  }
  const isOld = !isEmpty && version === FORMAT_VERSION;
  const loaded = await loadChecked(connection, isOld ? found : null, wal);
  checkIdentity(loaded.state, identity);
  if (options.held != null) checkHeld(loaded, options.held);
  checkNodes(loaded.state, identity, options.forceNewCluster === true);
  await useWriteAheadLog(connection);
  await syncRecovered(connection);
  // SQLite does not sync that its rollback journal is deleted: one that came back would undo the
  // creation.
  await syncDirectory(dirname(path));
  return { connection, loaded, synced: await SyncedFile.open(sidePath) };
}

/** What a start writes, once the log is accepted. */
async function begin(
  connection: Connection,
  loaded: LoadedLog,
  identity: StorageIdentity,
  log: Logger,
): Promise<NodeState> {
  await deleteLeftovers(connection, loaded.snapshot.meta);
  const { nodes } = identity;
  const { state } = loaded;
  if (listChanges(state, identity) > 1) {
    log.warn(
      { before: state.nodes, now: nodes },
      'raft: RaftNodes differs by more than one node from the list that the data were used with: ' +
        'change one node at a time',
    );
  }
  if (JSON.stringify(state.nodes) === JSON.stringify(nodes)) return state;
  // It goes on as a node alone until the cluster has formed: see `StorageWrite.formed`.
  if (isFounding(state, nodes)) return state;
  const changed = { ...state, nodes, version: state.version + 1 };
  await updateState(connection, changed);
  return changed;
}

/** Deletes what a crash between a snapshot and its clean-up left. */
async function deleteLeftovers(connection: Connection, { index }: SnapshotMeta): Promise<void> {
  await connection.execute(
    `DELETE FROM log WHERE idx <= ${index};
      DELETE FROM snapshot_pieces WHERE snapshot_index <> ${index}`,
  );
}

async function loadChecked(
  connection: Connection,
  found: SyncedFound | null,
  wal: WalCondition,
): Promise<LoadedLog> {
  await checkTables(connection);
  const loaded = await loadLog(connection);
  if (found !== null) checkSideFile(loaded, found, wal);
  return loaded;
}

/**
 * The side file first: from the first write of the database on, there is always one. A kill in
 * between leaves one that shows no use.
 */
async function create(
  connection: Connection,
  sidePath: string,
  { clusterName, node, nodes }: StorageIdentity,
): Promise<void> {
  const fileId = await createSideFile(sidePath);
  await createTables(connection, {
    fileId,
    version: 1,
    clusterName,
    node,
    nodes,
    clusterId: null,
    joining: true,
    lockoutMs: 0,
    hardState: { term: 0, vote: null },
  });
}

async function createSideFile(sidePath: string): Promise<string> {
  const fileId = newFileId();
  await SyncedFile.create(sidePath, nothingSynced(fileId, chainStart({ index: 0, term: 0 })));
  return fileId;
}

async function useWriteAheadLog(connection: Connection): Promise<void> {
  const [mode] = await connection.all('PRAGMA journal_mode = WAL');
  if (mode?.journal_mode !== 'wal') throw new Error('the file system allows no write-ahead log');
  await connection.execute(`
    PRAGMA synchronous = FULL;
    PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES};
    PRAGMA journal_size_limit = ${WAL_BYTES_LIMIT};
    BEGIN IMMEDIATE; COMMIT;`);
}

/**
 * What a killed process had written, but not synced, is read back as if it were on disk, until the
 * machine fails: this node would stand by votes and entries that are gone then. Moving the
 * write-ahead log into the file writes and syncs all of it.
 */
async function syncRecovered(connection: Connection): Promise<void> {
  const [row] = await connection.all('PRAGMA wal_checkpoint(TRUNCATE)');
  if (row?.busy !== 0) throw new Error('its write-ahead log cannot be checkpointed');
}

/**
 * Closing moves the write-ahead log into the database and deletes it: what was refused would be
 * changed, and may be accepted at the next start. SQLite leaves both alone when the database is not
 * at its path any more.
 */
async function closeUntouched(connection: Connection, path: string): Promise<void> {
  await rename(path, asideOf(path)).catch(() => {});
  try {
    await connection.close();
  } finally {
    await finishRename(path);
  }
}

/** Also after a kill in the middle of `closeUntouched`. */
async function finishRename(path: string): Promise<void> {
  if ((await sizeOf(path)) === null) await rename(asideOf(path), path).catch(() => {});
}

function asideOf(path: string): string {
  return `${path}.refused`;
}

async function sizeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
