/**
 * Files of format 1, of the release before the side file: read with their own checks, and made
 * format 2 in one transaction.
 */
import { crc32 } from 'node:zlib';
import { checkStoredPlausible } from '../codec/plausible.js';
import type { Entry, HardState, SnapshotMeta } from '../core/types.js';
import { chainStart, chunkChecksum, entryChain, snapshotChecksum } from './checksums.js';
import type { Connection } from './connection.js';
import { DamagedLogError, integer } from './errors.js';
import { entryOf, quickCheck } from './load-log.js';
import type { NodeState } from './node-state.js';
import {
  checkTables,
  FORMAT_VERSION,
  INSERT_ROWS_MAX,
  insertState,
  inTransaction,
  runOnce,
  type StorageIdentity,
  TABLES,
} from './schema.js';

const FORMAT_1_TABLES: Readonly<Record<string, string>> = {
  snapshot_pieces: TABLES.snapshot_pieces,
  log: TABLES.log,
  identity: 'CREATE TABLE identity (cluster_name TEXT NOT NULL, node TEXT NOT NULL)',
  hard_state:
    'CREATE TABLE hard_state (term INTEGER NOT NULL, vote TEXT, checksum INTEGER NOT NULL)',
  snapshot: `CREATE TABLE snapshot (
    last_index INTEGER NOT NULL, last_term INTEGER NOT NULL, pieces INTEGER NOT NULL
  )`,
  promise: 'CREATE TABLE promise (ms INTEGER NOT NULL)',
};

/**
 * Rewrites the tables as format 2 has them. The node counts as joined: it voted before. Throws
 * `DamagedLogError`, `RESOURCE`, or what `check` throws, and changes nothing then.
 */
export async function migrate(
  connection: Connection,
  identity: StorageIdentity,
  fileId: string,
  check: (state: NodeState) => void,
): Promise<void> {
  await checkTables(connection, FORMAT_1_TABLES);
  await quickCheck(connection);
  const state = await readState(connection, identity, fileId);
  check(state);
  await inTransaction(connection, async () => {
    const last = await rewrite(connection);
    const { term } = state.hardState;
    if (last.term > term) {
      throw new DamagedLogError(`it ends in term ${last.term}, but knows only ${term}`);
    }
    checkStoredPlausible(term, last);
    await connection.execute(`
      DROP TABLE identity; DROP TABLE hard_state; DROP TABLE promise;
      ${TABLES.node_state};
      PRAGMA user_version = ${FORMAT_VERSION}`);
    await insertState(connection, state);
  });
}

async function readState(
  connection: Connection,
  identity: StorageIdentity,
  fileId: string,
): Promise<NodeState> {
  const [owner] = await connection.all('SELECT cluster_name, node FROM identity');
  const [lockout] = await connection.all('SELECT ms FROM promise');
  return {
    fileId,
    version: 1,
    // A process that was killed between creating the file and naming it left no owner.
    clusterName: String(owner?.cluster_name ?? identity.clusterName),
    node: String(owner?.node ?? identity.node),
    nodes: null,
    clusterId: null,
    joining: false,
    lockoutMs: integer(lockout ?? {}, 'ms'),
    hardState: await readHardState(connection),
  };
}

async function readHardState(connection: Connection): Promise<HardState> {
  const [row] = await connection.all('SELECT term, vote, checksum FROM hard_state');
  if (row === undefined) throw new DamagedLogError('its term is missing');
  const { vote } = row;
  if (vote !== null && typeof vote !== 'string')
    throw new DamagedLogError('its vote is not a name');
  const term = integer(row, 'term');
  if (crc32(`${term}:${vote ?? ''}`) !== row.checksum) {
    throw new DamagedLogError('the checksum of its term and vote is wrong');
  }
  return { term, vote };
}

/** Snapshot and log; returns the entry with which they end. */
async function rewrite(connection: Connection): Promise<SnapshotMeta> {
  const [row] = await connection.all('SELECT last_index, last_term, pieces FROM snapshot');
  if (row === undefined) throw new DamagedLogError('its snapshot is missing');
  const meta = { index: integer(row, 'last_index'), term: integer(row, 'last_term') };
  const chunkCount = integer(row, 'pieces');
  const chain = chainStart(meta);
  if (meta.index > 0) await rewriteChunks(connection, meta.index, chunkCount);
  await connection.execute(`
    DELETE FROM log WHERE idx <= ${meta.index};
    DELETE FROM snapshot_pieces WHERE snapshot_index <> ${meta.index};
    DROP TABLE snapshot;
    ${TABLES.snapshot};
    INSERT INTO snapshot VALUES (${meta.index}, ${meta.term}, ${chunkCount}, ${chain},
      ${snapshotChecksum(meta, chunkCount, chain)})`);
  return rewriteEntries(connection, meta, chain);
}

async function rewriteChunks(
  connection: Connection,
  index: number,
  chunkCount: number,
): Promise<void> {
  for (let sequence = 0; sequence < chunkCount; sequence++) {
    const [row] = await connection.all(
      'SELECT data, checksum FROM snapshot_pieces WHERE snapshot_index = ? AND sequence = ?',
      index,
      sequence,
    );
    if (!(row?.data instanceof Uint8Array) || crc32(row.data) !== row.checksum) {
      throw new DamagedLogError(`chunk ${sequence} of its snapshot is missing or damaged`);
    }
    await runOnce(
      connection,
      'UPDATE snapshot_pieces SET checksum = ? WHERE snapshot_index = ? AND sequence = ?',
      [chunkChecksum(index, sequence, row.data), index, sequence],
    );
  }
}

async function rewriteEntries(
  connection: Connection,
  snapshot: SnapshotMeta,
  start: number,
): Promise<SnapshotMeta> {
  let { index, term } = snapshot;
  let chain = start;
  for (;;) {
    const rows = await connection.all(
      'SELECT idx, term, data, checksum FROM log WHERE idx > ? ORDER BY idx LIMIT ?',
      index,
      INSERT_ROWS_MAX,
    );
    const chains: number[] = [];
    const first = index + 1;
    for (const row of rows) {
      const entry = checked(entryOf(row), row.checksum, index, term);
      ({ index, term } = entry);
      chain = entryChain(chain, index, term, entry.data);
      chains.push(chain);
    }
    if (rows.length === 0) return { index, term };
    const cases = chains.map((value, offset) => `WHEN ${first + offset} THEN ${value}`);
    await connection.execute(
      `UPDATE log SET checksum = CASE idx ${cases.join(' ')} END
        WHERE idx BETWEEN ${first} AND ${index}`,
    );
  }
}

/** By the checks of format 1. */
function checked(entry: Entry, checksum: unknown, before: number, termBefore: number): Entry {
  const { index, term, data } = entry;
  if (crc32(`${index}:${term}`, crc32(data)) !== checksum) {
    throw new DamagedLogError(`the checksum of entry ${index} is wrong`);
  }
  if (index !== before + 1 || term < termBefore) {
    throw new DamagedLogError(
      `entry ${index} of term ${term} follows entry ${before} of term ${termBefore}`,
    );
  }
  return entry;
}
