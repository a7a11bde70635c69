/**
 * Reads and checks the log at start. A log with any damage is refused and never read in part: a
 * node that lost a vote or an acknowledged entry, and does not know it, could elect a second leader
 * (Raft paper, figure 2: what must be on stable storage).
 */
import { crc32 } from 'node:zlib';
import type { Entry, HardState, InitialState, SnapshotMeta } from '../core/types.js';
import type { Connection, SqlRow } from './connection.js';

/** Rows of one SELECT: bounds the memory that a long log takes twice. */
const ROWS_PER_READ = 2000;

export interface LoadedLog {
  readonly initial: InitialState;
  readonly chunkCount: number;
}

/** What is wrong with a log, in words. */
export class DamagedLogError extends Error {
  override readonly name = 'DamagedLogError';
}

/** Over all columns of a row of the log: a flipped bit is found at the next start. */
export function entryChecksum(index: number, term: number, data: Uint8Array): number {
  // The data first: with an empty buffer zlib ignores the starting value.
  return crc32(`${index}:${term}`, crc32(data));
}

export function hardStateChecksum({ term, vote }: HardState): number {
  return crc32(`${term}:${vote ?? ''}`);
}

/** Throws `DamagedLogError`. */
export async function loadLog(connection: Connection): Promise<LoadedLog> {
  const [check] = await connection.all('PRAGMA quick_check(1)');
  if (check?.quick_check !== 'ok') throw new DamagedLogError(String(check?.quick_check));
  const hardState = await loadHardState(connection);
  const { meta, chunkCount } = await loadSnapshot(connection);
  const entries = await loadEntries(connection, meta);
  const lastTerm = entries.at(-1)?.term ?? meta.term;
  if (lastTerm > hardState.term) {
    throw new DamagedLogError(
      `its last entry is of term ${lastTerm}, its hard state of ${hardState.term}`,
    );
  }
  return { initial: { hardState, joining: false, snapshot: meta, entries }, chunkCount };
}

async function loadHardState(connection: Connection): Promise<HardState> {
  const [row] = await connection.all('SELECT term, vote, checksum FROM hard_state');
  if (row === undefined) throw new DamagedLogError('its term is missing');
  const vote = row.vote;
  if (vote !== null && typeof vote !== 'string')
    throw new DamagedLogError('its vote is not a name');
  const hardState = { term: integer(row, 'term'), vote };
  if (hardStateChecksum(hardState) !== row.checksum) {
    throw new DamagedLogError('the checksum of its term and vote is wrong');
  }
  return hardState;
}

async function loadSnapshot(
  connection: Connection,
): Promise<{ meta: SnapshotMeta; chunkCount: number }> {
  const [row] = await connection.all('SELECT last_index, last_term, pieces FROM snapshot');
  if (row === undefined) throw new DamagedLogError('its snapshot is missing');
  const meta = { index: integer(row, 'last_index'), term: integer(row, 'last_term') };
  const chunkCount = integer(row, 'pieces');
  const [stored] = await connection.all(
    'SELECT count(*) AS chunks FROM snapshot_pieces WHERE snapshot_index = ?',
    meta.index,
  );
  if (meta.index > 0 && stored?.chunks !== chunkCount) {
    throw new DamagedLogError(`its snapshot has ${stored?.chunks} of ${chunkCount} chunks`);
  }
  return { meta, chunkCount };
}

async function loadEntries(connection: Connection, snapshot: SnapshotMeta): Promise<Entry[]> {
  const entries: Entry[] = [];
  let { index, term } = snapshot;
  for (;;) {
    const rows = await connection.all(
      'SELECT idx, term, data, checksum FROM log WHERE idx > ? ORDER BY idx LIMIT ?',
      index,
      ROWS_PER_READ,
    );
    for (const row of rows) {
      const entry = entryOf(row);
      if (entry.index !== index + 1 || entry.term < term) {
        throw new DamagedLogError(
          `entry ${entry.index} of term ${entry.term} follows entry ${index} of term ${term}`,
        );
      }
      ({ index, term } = entry);
      entries.push(entry);
    }
    if (rows.length < ROWS_PER_READ) return entries;
  }
}

function entryOf(row: SqlRow): Entry {
  const { data } = row;
  const index = integer(row, 'idx');
  const term = integer(row, 'term');
  if (!(data instanceof Uint8Array)) throw new DamagedLogError(`entry ${index} has no bytes`);
  if (entryChecksum(index, term, data) !== row.checksum) {
    throw new DamagedLogError(`the checksum of entry ${index} is wrong`);
  }
  return { index, term, data };
}

/** Throws `DamagedLogError` unless the column holds a non-negative integer. */
export function integer(row: SqlRow, column: string): number {
  const value = row[column];
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new DamagedLogError(`${column} is ${value}`);
}
