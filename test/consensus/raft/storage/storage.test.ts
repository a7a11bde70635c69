/** The log on disk: what it keeps. */
import { cp, mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import type { EncodedSnapshot } from '../../../../src/consensus/raft/driver-types.js';
import { Connection } from '../../../../src/consensus/raft/storage/connection.js';
import type { OpenedStorage } from '../../../../src/consensus/raft/storage/sqlite.js';
import { failureOf } from '../../../support/failure.js';
import { entriesOf, StoredLog, snapshotAt, write } from '../support/stored-log.js';

function save({ storage }: OpenedStorage, snapshot: EncodedSnapshot): Promise<void> {
  return new Promise((resolve, reject) => {
    storage.saveSnapshot(snapshot, (error) => (error === null ? resolve() : reject(error)));
  });
}

function writeLockout({ storage }: OpenedStorage, lockoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    storage.writeLockout(lockoutMs, (error) => (error === null ? resolve() : reject(error)));
  });
}

function chunks({ storage }: OpenedStorage, index: number): Promise<Array<number[] | null>> {
  const count = storage.newestSnapshot()?.chunkCount ?? 0;
  const reads = Array.from({ length: count }, (_, sequence) => {
    return new Promise<number[] | null>((resolve, reject) => {
      storage.readChunk(index, sequence, (error, chunk) =>
        error === null ? resolve(chunk === null ? null : [...chunk]) : reject(error),
      );
    });
  });
  return Promise.all(reads);
}

describe('the log on disk', () => {
  let log: StoredLog;

  beforeEach(async () => {
    log = await StoredLog.create();
  });

  afterEach(() => log.end());

  it('creates its directory and an empty log', async () => {
    log.directory = join(log.directory, 'deep', 'er');
    await mkdir(join(log.directory, '..'), { recursive: true });
    const { initial } = await log.open();
    expect(initial).to.deep.equal({
      hardState: { term: 0, vote: null },
      joining: true,
      snapshot: { index: 0, term: 0 },
      entries: [],
    });
  });

  it('restores term, vote and entries after a restart, for any size of a batch', async () => {
    const first = await log.open();
    await write(first, { hardState: { term: 3, vote: 'b:2' } });
    const entries = entriesOf(1, 700, 3);
    let at = 0;
    for (const size of [1, 2, 4, 5, 17, 65, 606]) {
      await write(first, { entries: entries.slice(at, at + size) });
      at += size;
    }
    const { initial } = await log.reopen();
    expect(initial.hardState).to.deep.equal({ term: 3, vote: 'b:2' });
    expect(initial.entries.length).to.equal(700);
    initial.entries.forEach(({ index, term, data }, offset) => {
      const expected = entries[offset]!;
      expect([index, term, [...data]]).to.deep.equal([expected.index, 3, [...expected.data]]);
    });
  });

  it('stores an entry without data, and numbers beyond 32 bits', async () => {
    const index = 2 ** 40;
    const snapshot = { meta: { index: index - 1, term: 2 ** 35 }, chunks: [new Uint8Array([1])] };
    const first = await log.open();
    await write(first, {
      hardState: { term: 2 ** 41, vote: null },
      snapshot,
      entries: [{ index, term: 2 ** 41, data: new Uint8Array(0) }],
    });
    const { initial } = await log.reopen();
    expect(initial.hardState.term).to.equal(2 ** 41);
    expect(initial.entries[0]).to.include({ index, term: 2 ** 41 });
    expect(initial.entries[0]?.data.length).to.equal(0);
  });

  it('deletes overwritten entries, and all after them', async () => {
    const first = await log.open();
    await write(first, { hardState: { term: 4, vote: null }, entries: entriesOf(1, 10, 1) });
    await write(first, { entries: entriesOf(6, 7, 4) });
    await write(first, { entries: entriesOf(8, 8, 4) });
    const { initial } = await log.reopen();
    expect(initial.entries.map(({ index, term }) => `${index}:${term}`)).to.deep.equal([
      '1:1',
      '2:1',
      '3:1',
      '4:1',
      '5:1',
      '6:4',
      '7:4',
      '8:4',
    ]);
  });

  it('starts after its own snapshot', async () => {
    const first = await log.open();
    await write(first, { hardState: { term: 2, vote: null }, entries: entriesOf(1, 3000, 2) });
    await save(first, snapshotAt(2990));
    await write(first, { entries: entriesOf(3001, 3001, 2) });
    const second = await log.reopen();
    expect(second.initial.snapshot).to.deep.equal({ index: 2990, term: 2 });
    expect(second.initial.entries[0]?.index).to.equal(2991);
    expect(second.initial.entries.at(-1)?.index).to.equal(3001);
    expect(await chunks(second, 2990)).to.deep.equal([
      [174, 0],
      [174, 1],
      [174, 2],
    ]);
  });

  it('replaces the whole log with the snapshot of a leader', async () => {
    const first = await log.open();
    await write(first, { hardState: { term: 1, vote: null }, entries: entriesOf(1, 80, 1) });
    const hardState = { term: 3, vote: null };
    await write(first, { hardState, snapshot: snapshotAt(50), entries: entriesOf(51, 52, 3) });
    const { initial } = await log.reopen();
    expect(initial.snapshot).to.deep.equal({ index: 50, term: 2 });
    expect(initial.entries.map(({ index, term }) => `${index}:${term}`)).to.deep.equal([
      '51:3',
      '52:3',
    ]);
  });

  it('keeps the newer snapshot when an older one of its own completes later', async () => {
    const first = await log.open();
    await write(first, { hardState: { term: 2, vote: null }, entries: entriesOf(1, 40, 2) });
    const installed = write(first, { snapshot: snapshotAt(50), entries: [] });
    const saved = save(first, snapshotAt(30));
    await Promise.all([installed, saved]);
    expect(first.storage.newestSnapshot()?.meta.index).to.equal(50);
    const second = await log.reopen();
    expect(second.initial.snapshot.index).to.equal(50);
    expect(await chunks(second, 30)).to.deep.equal([null, null, null]);
  });

  it('restores the last lockout after a restart, and 0 before the first', async () => {
    const first = await log.open();
    expect(first.storedLockoutMs).to.equal(0);
    await writeLockout(first, 350);
    await writeLockout(first, 700);
    expect((await log.reopen()).storedLockoutMs).to.equal(700);
  });

  it('is joining when it is created, until a write says that it has joined', async () => {
    const first = await log.open();
    expect([first.initial.joining, first.clusterId]).to.deep.equal([true, null]);
    await write(first, { hardState: { term: 1, vote: null } });
    const second = await log.reopen();
    expect(second.initial.joining).to.equal(true);
    await write(second, { hardState: { term: 2, vote: 'a' }, joined: true, clusterId: 'c1' });
    const third = await log.reopen();
    expect([third.initial.joining, third.clusterId]).to.deep.equal([false, 'c1']);
    expect(third.initial.hardState).to.deep.equal({ term: 2, vote: 'a' });
  });

  it('has term and vote in the database itself before the write is done', async () => {
    const first = await log.open();
    await write(first, { entries: entriesOf(1, 3, 0) });
    await write(first, { hardState: { term: 7, vote: 'b:2' }, joined: true });
    const copy = join(log.directory, 'copy.db');
    await cp(log.path, copy);
    const connection = await Connection.open(copy);
    const [row] = await connection.all('SELECT term, vote, joining FROM node_state');
    expect(row).to.deep.equal({ term: 7, vote: 'b:2', joining: 0 });
    await connection.close();
  });

  it('distinguishes a replaced chunk from a missing one', async () => {
    const first = await log.open();
    await write(first, { hardState: { term: 2, vote: null }, entries: entriesOf(1, 40, 2) });
    await save(first, snapshotAt(20, 2));
    await save(first, snapshotAt(30, 4));
    expect(await chunks(first, 20)).to.deep.equal([null, null, null, null]);
    const missing = new Promise((resolve, reject) => {
      first.storage.readChunk(30, 4, (error) => (error === null ? resolve(null) : reject(error)));
    });
    expect((await failureOf(missing)).message).to.contain(
      `${log.path} is damaged (chunk 4 of its snapshot is missing)`,
    );
  });

  it('keeps the whole snapshot of a leader that arrives while it writes its own', async () => {
    for (const ownChunks of [1, 3, 6]) {
      const first = await log.open();
      const index = 100 * ownChunks;
      const start = first.initial.snapshot.index + 1;
      await write(first, {
        hardState: { term: 2, vote: null },
        entries: entriesOf(start, index + 40, 2),
      });
      const saved = save(first, snapshotAt(index + 30, ownChunks));
      const installed = write(first, { snapshot: snapshotAt(index + 50), entries: [] });
      await Promise.all([saved, installed]);
      const second = await log.reopen();
      expect(second.initial.snapshot.index).to.equal(index + 50);
      const wanted = snapshotAt(index + 50).chunks.map((chunk) => [...chunk]);
      expect(await chunks(second, index + 50)).to.deep.equal(wanted);
      await log.close();
    }
  });

  it('rejects every write after one has failed', async () => {
    const first = await log.open();
    const late = entriesOf(3, 3, 1);
    const broken = { index: 1, term: null as unknown as number, data: new Uint8Array(1) };
    const attempt = write(first, { entries: [broken] });
    await failureOf(attempt);
    await failureOf(write(first, { entries: late }));
    const { initial } = await log.reopen();
    expect(initial.entries).to.deep.equal([]);
  });

  it('stays below 32 MB over 20,000 commands', async () => {
    const first = await log.open();
    await write(first, { hardState: { term: 2, vote: null } });
    for (let index = 1; index <= 20_000; index += 50) {
      await write(first, { entries: entriesOf(index, index + 49, 2) });
      if (index % 8000 === 1 && index > 1) await save(first, snapshotAt(index, 10));
    }
    let bytes = 0;
    for (const name of await readdir(log.directory))
      bytes += (await readFile(join(log.directory, name))).length;
    expect(bytes).to.be.lessThan(32 * 1024 * 1024);
  });
});
