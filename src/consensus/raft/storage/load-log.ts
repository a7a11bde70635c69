/**
 * Reads and checks the log at start. A log with any damage is refused and never read in part: a
 * node that lost a vote or an acknowledged entry, and does not know it, could elect a second leader
 * (Raft paper, figure 2: what must be on stable storage).
 */
import { checkStoredPlausible } from '../codec/plausible.js';
import type { Entry, SnapshotMeta } from '../core/types.js';
import { chunkChecksum, entryChain, snapshotChecksum } from './checksums.js';
import type { Connection, SqlRow } from './connection.js';
import { DamagedLogError, integer } from './errors.js';
import { type NodeState, nodeStateOf } from './node-state.js';

/** Rows of one SELECT: bounds the memory that a long log takes twice. */
const ROWS_PER_READ = 2000;

export interface StoredSnapshot {
  readonly meta: SnapshotMeta;
  readonly chunkCount: number;
  /** The chain of checksums at its last entry. */
  readonly chain: number;
}

export interface LoadedLog {
  readonly state: NodeState;
  readonly snapshot: StoredSnapshot;
  readonly entries: readonly Entry[];
  /** The chain of checksums at each of `entries`. */
  readonly chains: readonly number[];
}

/** The last entry, or else that of the snapshot. */
export function lastIndexOf({ snapshot, entries }: LoadedLog): number {
  return snapshot.meta.index + entries.length;
}

export function lastChainOf({ snapshot, chains }: LoadedLog): number {
  return chains.at(-1) ?? snapshot.chain;
}

/** Undefined: neither an entry nor the snapshot is at `index`. */
export function chainAt({ snapshot, chains }: LoadedLog, index: number): number | undefined {
  const offset = index - snapshot.meta.index;
  return offset === 0 ? snapshot.chain : chains[offset - 1];
}

/** Throws `DamagedLogError`, or `RESOURCE` for a term or an index that no cluster reaches. */
export async function loadLog(connection: Connection): Promise<LoadedLog> {
  await quickCheck(connection);
  const state = await loadState(connection);
  const snapshot = await loadSnapshot(connection);
  const { entries, chains } = await loadEntries(connection, snapshot);
  const lastTerm = entries.at(-1)?.term ?? snapshot.meta.term;
  const { term } = state.hardState;
  if (lastTerm > term) {
    throw new DamagedLogError(`it ends in term ${lastTerm}, but knows only ${term}`);
  }
  checkStoredPlausible(term, { index: snapshot.meta.index + entries.length, term: lastTerm });
  return { state, snapshot, entries, chains };
}

/** Throws `DamagedLogError` for a file that SQLite itself finds wrong. */
export async function quickCheck(connection: Connection): Promise<void> {
  const [check] = await connection.all('PRAGMA quick_check(1)');
  if (check?.quick_check !== 'ok') throw new DamagedLogError(String(check?.quick_check));
}

async function loadState(connection: Connection): Promise<NodeState> {
  const [row, second] = await connection.all('SELECT * FROM node_state');
  if (row === undefined) throw new DamagedLogError('its term is missing');
  if (second !== undefined) throw new DamagedLogError('it has two terms');
  return nodeStateOf(row);
}

async function loadSnapshot(connection: Connection): Promise<StoredSnapshot> {
  const [row, second] = await connection.all('SELECT * FROM snapshot');
  if (row === undefined) throw new DamagedLogError('its snapshot is missing');
  if (second !== undefined) throw new DamagedLogError('it has two snapshots');
  const meta = { index: integer(row, 'last_index'), term: integer(row, 'last_term') };
  const chunkCount = integer(row, 'pieces');
  const chain = integer(row, 'chain');
  if (snapshotChecksum(meta, chunkCount, chain) !== row.checksum) {
    throw new DamagedLogError('the checksum of its snapshot is wrong');
  }
  if (meta.index > 0) await checkChunks(connection, meta.index, chunkCount);
  return { meta, chunkCount, chain };
}

async function checkChunks(
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
    chunkOf(row, index, sequence);
  }
}

/** Throws `DamagedLogError`. */
export function chunkOf(row: SqlRow | undefined, index: number, sequence: number): Uint8Array {
  if (row === undefined) throw new DamagedLogError(`chunk ${sequence} of its snapshot is missing`);
  const { data, checksum } = row;
  if (!(data instanceof Uint8Array) || chunkChecksum(index, sequence, data) !== checksum) {
    throw new DamagedLogError(`chunk ${sequence} of its snapshot is damaged`);
  }
  return data;
}

async function loadEntries(
  connection: Connection,
  snapshot: StoredSnapshot,
): Promise<Pick<LoadedLog, 'entries' | 'chains'>> {
  const entries: Entry[] = [];
  const chains: number[] = [];
  let { index, term } = snapshot.meta;
  let { chain } = snapshot;
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
      chain = entryChain(chain, index, term, entry.data);
      if (chain !== row.checksum) {
        throw new DamagedLogError(`the checksum of entry ${index} is wrong`);
      }
      entries.push(entry);
      chains.push(chain);
    }
    if (rows.length < ROWS_PER_READ) return { entries, chains };
  }
}

export function entryOf(row: SqlRow): Entry {
  const { data } = row;
  const index = integer(row, 'idx');
  const term = integer(row, 'term');
  if (!(data instanceof Uint8Array)) throw new DamagedLogError(`entry ${index} has no bytes`);
  return { index, term, data };
}
