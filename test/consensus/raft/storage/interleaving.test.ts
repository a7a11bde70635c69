/**
 * The log on disk against a model: random writes, with snapshots of the node's own that overlap
 * with them.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Entry, HardState, InitialState } from '../../../../src/consensus/raft/core/types.js';
import type { EncodedSnapshot, StorageWrite } from '../../../../src/consensus/raft/driver-types.js';
import { SqliteStorage } from '../../../../src/consensus/raft/storage/sqlite.js';
import { SeededRandom } from '../../../support/random.js';
import { LogRecorder } from '../support/log-recorder.js';

const SEEDS = 6;
const RUNS = 2;
const OPERATIONS = 50;

const identity = { clusterName: 'test', node: '127.0.0.1:1', nodes: ['127.0.0.1:1'] };

/** The operations of a node on its log, and the contents that its disk must have then. */
class Model {
  hardState: HardState = { term: 1, vote: null };
  /** All entries after the last snapshot of a leader. */
  entries: Entry[] = [];
  base = 0;
  committed = 0;
  /** The last durable entry: a snapshot of the node's own must not go beyond. */
  durable = 0;
  /** Of the pending writes: the last entry that each makes durable. */
  readonly #pending: Array<{ lastIndex: number }> = [];
  /** The newest snapshot, of a leader or of this node. */
  snapshot: EncodedSnapshot | null = null;

  constructor(private readonly random: SeededRandom) {}

  get lastIndex(): number {
    return this.base + this.entries.length;
  }

  /** A vote, entries at the end, entries in place of others, or a snapshot of the leader. */
  write(): StorageWrite {
    const { random } = this;
    const isVote = random.chance(0.3);
    if (isVote) this.hardState = { term: this.hardState.term + 1, vote: `n${random.below(3)}` };
    const snapshot = random.chance(0.25) ? this.#leaderSnapshot() : null;
    const uncommitted = this.lastIndex - this.committed;
    const kept = this.lastIndex - (random.chance(0.3) ? random.below(uncommitted + 1) : 0);
    const entries = this.#append(kept, random.below(20));
    this.#pending.push({ lastIndex: this.lastIndex });
    return { hardState: isVote ? this.hardState : null, snapshot, entries };
  }

  /** The oldest pending write is durable. */
  written(): void {
    this.durable = this.#pending.shift()!.lastIndex;
  }

  #append(kept: number, count: number): Entry[] {
    if (count === 0) return [];
    this.entries.length = kept - this.base;
    this.durable = Math.min(this.durable, kept);
    for (const write of this.#pending) write.lastIndex = Math.min(write.lastIndex, kept);
    const { term } = this.hardState;
    const added: Entry[] = [];
    for (let at = 1; at <= count; at++) {
      const data = new Uint8Array(this.random.below(300)).fill(this.random.below(256));
      added.push({ index: kept + at, term, data });
    }
    this.entries.push(...added);
    this.committed += this.random.below(this.lastIndex - this.committed + 1);
    return added;
  }

  #leaderSnapshot(): EncodedSnapshot {
    const index = this.lastIndex + 1 + this.random.below(30);
    this.base = index;
    this.committed = index;
    this.entries = [];
    this.snapshot = this.#chunks(index, this.hardState.term);
    return this.snapshot;
  }

  /** Of what is committed; null when there is nothing new. */
  ownSnapshot(): EncodedSnapshot | null {
    const index = Math.min(this.committed, this.durable);
    if (index <= (this.snapshot?.meta.index ?? 0)) return null;
    this.snapshot = this.#chunks(index, this.entries[index - this.base - 1]!.term);
    return this.snapshot;
  }

  #chunks(index: number, term: number): EncodedSnapshot {
    const chunks = Array.from({ length: this.random.pick([1, 3, 12]) }, (_, at) =>
      new Uint8Array(1 + this.random.below(900)).fill((index + at) % 256),
    );
    return { meta: { index, term }, chunks };
  }

  get initial(): InitialState {
    const snapshot = this.snapshot?.meta ?? { index: 0, term: 0 };
    const entries = this.entries.filter(({ index }) => index > snapshot.index);
    return { hardState: this.hardState, joining: true, snapshot, entries };
  }
}

describe('the log on disk with overlapping writes', () => {
  let directory: string;
  const { logger } = new LogRecorder();

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'freno-storage-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('restores all writes and the whole newest snapshot after a restart', async () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const random = new SeededRandom(seed);
      const path = join(directory, String(seed));
      const model = new Model(random);
      let { storage } = await SqliteStorage.open(path, identity, logger);
      await write(storage, { hardState: model.hardState, snapshot: null, entries: [] });
      for (let run = 0; run < RUNS; run++) {
        await runOperations(storage, model, random);
        await storage.close();
        const opened = await SqliteStorage.open(path, identity, logger);
        storage = opened.storage;
        expect(plain(opened.initial), `seed ${seed}`).to.deep.equal(plain(model.initial));
        expect(await chunksOf(storage), `seed ${seed}`).to.deep.equal(
          model.snapshot?.chunks.map((chunk) => Buffer.from(chunk)) ?? [],
        );
      }
      await storage.close();
    }
  });
});

async function runOperations(
  storage: SqliteStorage,
  model: Model,
  random: SeededRandom,
): Promise<void> {
  let written = Promise.resolve();
  let saved = Promise.resolve();
  let isSaving = false;
  for (let operation = 0; operation < OPERATIONS; operation++) {
    // A node has at most one snapshot of its own and one write in progress.
    const snapshot = !isSaving && random.chance(0.5) ? model.ownSnapshot() : null;
    if (snapshot !== null) {
      isSaving = true;
      saved = save(storage, snapshot).then(() => {
        isSaving = false;
      });
    }
    const next = model.write();
    written = written.then(() => write(storage, next)).then(() => model.written());
    if (random.chance(0.3)) await written;
  }
  await Promise.all([written, saved]);
}

function write(storage: SqliteStorage, what: StorageWrite): Promise<void> {
  return new Promise((resolve, reject) => {
    storage.write(what, (error) => (error === null ? resolve() : reject(error)));
  });
}

function save(storage: SqliteStorage, snapshot: EncodedSnapshot): Promise<void> {
  return new Promise((resolve, reject) => {
    storage.saveSnapshot(snapshot, (error) => (error === null ? resolve() : reject(error)));
  });
}

async function chunksOf(storage: SqliteStorage): Promise<Uint8Array[]> {
  const newest = storage.newestSnapshot();
  const chunks: Uint8Array[] = [];
  for (let sequence = 0; sequence < (newest?.chunkCount ?? 0); sequence++) {
    const chunk = await new Promise<Uint8Array | null>((resolve, reject) => {
      storage.readChunk(newest!.meta.index, sequence, (error, read) =>
        error === null ? resolve(read) : reject(error),
      );
    });
    chunks.push(Buffer.from(chunk!));
  }
  return chunks;
}

function plain(initial: InitialState) {
  const entries = initial.entries.map(({ index, term, data }) => [
    index,
    term,
    Buffer.from(data).toString('hex'),
  ]);
  return { ...initial, entries };
}
