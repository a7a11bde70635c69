/** A log with a drawn history, and what must be on its disk after each step of it. */
import type { Entry, HardState } from '../../../../src/consensus/raft/core/types.js';
import type { EncodedSnapshot, StorageWrite } from '../../../../src/consensus/raft/driver-types.js';
import type {
  OpenedStorage,
  SqliteStorage,
} from '../../../../src/consensus/raft/storage/sqlite.js';
import type { SeededRandom } from '../../../support/random.js';

/** Everything that a start reads. */
export interface StoredContent {
  readonly hardState: HardState;
  readonly lockoutMs: number;
  readonly joining: boolean;
  readonly clusterId: string | null;
  readonly snapshot: { readonly index: number; readonly term: number };
  /** In hexadecimal digits, as the data of the entries. */
  readonly chunks: readonly string[];
  readonly entries: readonly (readonly [index: number, term: number, data: string])[];
}

export type HistoryStep = (storage: SqliteStorage, done: (error: Error | null) => void) => void;

/** Random writes of a node: votes, entries at the end or in place of others, snapshots. */
export class LogHistory {
  content: StoredContent = {
    hardState: { term: 0, vote: null },
    lockoutMs: 0,
    joining: true,
    clusterId: null,
    snapshot: { index: 0, term: 0 },
    chunks: [],
    entries: [],
  };
  /** Contents of snapshots that were taken, by the last entry of each. */
  readonly snapshots = new Map<number, readonly string[]>([[0, []]]);
  /** Entries that are committed are never overwritten. */
  #committed = 0;

  constructor(private readonly random: SeededRandom) {}

  get #lastIndex(): number {
    return this.content.snapshot.index + this.content.entries.length;
  }

  /** Sets `content` to what the step leaves. */
  next(): HistoryStep {
    const { random } = this;
    const drawn = random.next();
    if (drawn < 0.08) return this.#lockout();
    if (drawn < 0.2) return this.#ownSnapshot() ?? this.#write(false);
    return this.#write(drawn < 0.28);
  }

  #lockout(): HistoryStep {
    const lockoutMs = this.random.below(1000);
    this.content = { ...this.content, lockoutMs };
    return (storage, done) => storage.writeLockout(lockoutMs, done);
  }

  #ownSnapshot(): HistoryStep | null {
    const { snapshot, entries } = this.content;
    const index = this.#committed;
    if (index <= snapshot.index) return null;
    const term = entries[index - snapshot.index - 1]![1];
    const taken = this.#snapshotAt(index, term);
    this.#hold(taken, entries.slice(index - snapshot.index));
    return (storage, done) => storage.saveSnapshot(taken, done);
  }

  #write(isSnapshot: boolean): HistoryStep {
    const { random, content } = this;
    let { hardState } = content;
    const isVote = random.chance(0.25) || hardState.term === 0;
    if (isVote) hardState = { term: hardState.term + 1, vote: random.pick([null, 'a', 'node:1']) };
    const joined = isVote && random.chance(0.3);
    const clusterId = isVote && random.chance(0.3) ? `c${hardState.term}` : content.clusterId;
    this.content = {
      ...content,
      hardState,
      clusterId,
      joining: content.joining && !joined,
    };
    const snapshot = isSnapshot
      ? this.#snapshotAt(this.#lastIndex + 1 + random.below(9), hardState.term)
      : null;
    if (snapshot !== null) {
      this.#hold(snapshot, []);
      this.#committed = snapshot.meta.index;
    }
    const entries = this.#entries(random.pick([0, 1, 1, 1, 3, 20, 300]));
    const write: StorageWrite = {
      hardState: isVote ? hardState : null,
      ...(joined && { joined }),
      ...(clusterId !== null && clusterId !== content.clusterId && { clusterId }),
      snapshot,
      entries,
    };
    return (storage, done) => storage.write(write, done);
  }

  #entries(count: number): Entry[] {
    if (count === 0) return [];
    const { random } = this;
    const { snapshot, hardState } = this.content;
    const uncommitted = this.#lastIndex - this.#committed;
    const kept = this.#lastIndex - (random.chance(0.25) ? random.below(uncommitted + 1) : 0);
    const added = Array.from({ length: count }, (_, offset) => ({
      index: kept + 1 + offset,
      term: hardState.term,
      data: new Uint8Array(random.below(150)).fill(random.below(256)),
    }));
    const before = this.content.entries.slice(0, kept - snapshot.index);
    const entries = [...before, ...added.map(entryContent)];
    this.content = { ...this.content, entries };
    this.#committed += random.below(this.#lastIndex - this.#committed + 1);
    return added;
  }

  #snapshotAt(index: number, term: number): EncodedSnapshot {
    const chunks = Array.from({ length: this.random.pick([1, 3]) }, (_, at) =>
      new Uint8Array(1 + this.random.below(6000)).fill((index + at) % 256),
    );
    return { meta: { index, term }, chunks };
  }

  #hold({ meta, chunks }: EncodedSnapshot, entries: StoredContent['entries']): void {
    this.snapshots.set(meta.index, chunks.map(hex));
    this.content = { ...this.content, snapshot: meta, chunks: chunks.map(hex), entries };
  }
}

/**
 * What a start read, with the snapshot of `wanted` applied where its record was lost: then an older
 * one is there, and the entries up to the newer. Otherwise `found` as it is.
 */
export function compacted(
  found: StoredContent,
  wanted: StoredContent,
  snapshots: LogHistory['snapshots'],
): StoredContent {
  const { snapshot, chunks } = wanted;
  const covered = snapshot.index - found.snapshot.index;
  const isLost = covered > 0 && found.entries[covered - 1]?.[1] === snapshot.term;
  const older = JSON.stringify(snapshots.get(found.snapshot.index));
  if (!isLost || older !== JSON.stringify(found.chunks)) return found;
  return { ...found, snapshot, chunks, entries: found.entries.slice(covered) };
}

/** What a start has read. Rejects as a start does for a snapshot that cannot be read. */
export async function contentOf(opened: OpenedStorage): Promise<StoredContent> {
  const { storage, initial, storedLockoutMs: lockoutMs, clusterId } = opened;
  const { hardState, joining, snapshot, entries } = initial;
  const newest = storage.newestSnapshot();
  const chunks: string[] = [];
  for (let sequence = 0; sequence < (newest?.chunkCount ?? 0); sequence++) {
    chunks.push(hex(await readChunk(storage, snapshot.index, sequence)));
  }
  return {
    hardState,
    lockoutMs,
    joining,
    clusterId,
    snapshot,
    chunks,
    entries: entries.map(entryContent),
  };
}

export function run(storage: SqliteStorage, step: HistoryStep): Promise<void> {
  return new Promise((resolve, reject) => {
    step(storage, (error) => (error === null ? resolve() : reject(error)));
  });
}

function readChunk(storage: SqliteStorage, index: number, sequence: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    storage.readChunk(index, sequence, (error, chunk) =>
      chunk === null ? reject(error) : resolve(chunk),
    );
  });
}

function entryContent({ index, term, data }: Entry): readonly [number, number, string] {
  return [index, term, hex(data)];
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
