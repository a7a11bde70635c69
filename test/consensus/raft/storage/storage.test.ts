/** The log on disk: what it keeps, and which files it refuses. */
import {
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Entry } from '../../../../src/consensus/raft/core/types.js';
import type { EncodedSnapshot, StorageWrite } from '../../../../src/consensus/raft/driver-types.js';
import { Connection } from '../../../../src/consensus/raft/storage/connection.js';
import {
  type OpenedStorage,
  SqliteStorage,
} from '../../../../src/consensus/raft/storage/sqlite.js';
import { failureOf } from '../../../support/failure.js';
import { LogRecorder } from '../support/log-recorder.js';

const identity = { clusterName: 'test', node: '127.0.0.1:1' };

function entriesOf(first: number, last: number, term: number): Entry[] {
  const made: Entry[] = [];
  for (let index = first; index <= last; index++) {
    made.push({ index, term, data: new TextEncoder().encode(`command ${index}`) });
  }
  return made;
}

function snapshotAt(index: number, pieces = 3): EncodedSnapshot {
  return {
    meta: { index, term: 2 },
    pieces: Array.from({ length: pieces }, (_, at) => new Uint8Array([index % 256, at])),
  };
}

describe('the log on disk', () => {
  let directory: string;
  let killed: string;
  let path: string;
  const opened: OpenedStorage[] = [];
  const log = new LogRecorder();

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'freno-storage-'));
    killed = `${directory}-killed`;
    path = join(directory, 'freno-raft.db');
  });

  afterEach(async () => {
    for (const { storage } of opened.splice(0)) await storage.close();
    await rm(directory, { recursive: true });
    await rm(killed, { recursive: true, force: true });
  });

  async function open(overrides: Partial<typeof identity> = {}): Promise<OpenedStorage> {
    const result = await SqliteStorage.open(directory, { ...identity, ...overrides }, log.logger);
    opened.push(result);
    return result;
  }

  async function reopen(): Promise<OpenedStorage> {
    await opened.pop()!.storage.close();
    return open();
  }

  function write({ storage }: OpenedStorage, parts: Partial<StorageWrite>): Promise<void> {
    const nothing = { hardState: null, snapshot: null, entries: [] };
    return new Promise((resolve, reject) => {
      storage.write({ ...nothing, ...parts }, (error) =>
        error === null ? resolve() : reject(error),
      );
    });
  }

  function save({ storage }: OpenedStorage, snapshot: EncodedSnapshot): Promise<void> {
    return new Promise((resolve, reject) => {
      storage.saveSnapshot(snapshot, (error) => (error === null ? resolve() : reject(error)));
    });
  }

  function promise({ storage }: OpenedStorage, promiseMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      storage.writePromise(promiseMs, (error) => (error === null ? resolve() : reject(error)));
    });
  }

  function pieces({ storage }: OpenedStorage, index: number): Promise<Array<number[] | null>> {
    const count = storage.newestSnapshot()?.pieceCount ?? 0;
    const reads = Array.from({ length: count }, (_, sequence) => {
      return new Promise<number[] | null>((resolve, reject) => {
        storage.readPiece(index, sequence, (error, piece) =>
          error === null ? resolve(piece === null ? null : [...piece]) : reject(error),
        );
      });
    });
    return Promise.all(reads);
  }

  /** Leaves what a process that is killed now would; `killed` has a copy. Returns the path of the write-ahead log. */
  async function kill(): Promise<string> {
    await rm(killed, { recursive: true, force: true });
    await cp(directory, killed, { recursive: true });
    await opened.pop()!.storage.close();
    await rm(directory, { recursive: true });
    await cp(killed, directory, { recursive: true });
    return `${path}-wal`;
  }

  /** Changes the file behind the program's back. */
  async function tamper(sql: string): Promise<void> {
    await opened.pop()!.storage.close();
    const connection = await Connection.open(path);
    await connection.execute(sql);
    await connection.close();
  }

  it('begins empty, in a directory that it makes', async () => {
    directory = join(directory, 'deep', 'er');
    await mkdir(join(directory, '..'), { recursive: true });
    const { initial } = await open();
    expect(initial).to.deep.equal({
      hardState: { term: 0, vote: null },
      snapshot: { index: 0, term: 0 },
      entries: [],
    });
  });

  it('holds term, vote and entries across a restart, whatever the size of the batch', async () => {
    const first = await open();
    await write(first, { hardState: { term: 3, vote: 'b:2' } });
    const entries = entriesOf(1, 700, 3);
    let at = 0;
    for (const size of [1, 2, 4, 5, 17, 65, 606]) {
      await write(first, { entries: entries.slice(at, at + size) });
      at += size;
    }
    const { initial } = await reopen();
    expect(initial.hardState).to.deep.equal({ term: 3, vote: 'b:2' });
    expect(initial.entries.length).to.equal(700);
    initial.entries.forEach(({ index, term, data }, offset) => {
      const expected = entries[offset]!;
      expect([index, term, [...data]]).to.deep.equal([expected.index, 3, [...expected.data]]);
    });
  });

  it('holds an entry without data, and numbers beyond 32 bits', async () => {
    const index = 2 ** 40;
    const snapshot = { meta: { index: index - 1, term: 2 ** 35 }, pieces: [new Uint8Array([1])] };
    const first = await open();
    await write(first, {
      hardState: { term: 2 ** 41, vote: null },
      snapshot,
      entries: [{ index, term: 2 ** 41, data: new Uint8Array(0) }],
    });
    const { initial } = await reopen();
    expect(initial.hardState.term).to.equal(2 ** 41);
    expect(initial.entries[0]).to.include({ index, term: 2 ** 41 });
    expect(initial.entries[0]?.data.length).to.equal(0);
  });

  it('forgets entries that others were written over, and all behind them', async () => {
    const first = await open();
    await write(first, { hardState: { term: 4, vote: null }, entries: entriesOf(1, 10, 1) });
    await write(first, { entries: entriesOf(6, 7, 4) });
    await write(first, { entries: entriesOf(8, 8, 4) });
    const { initial } = await reopen();
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

  it('begins after its own snapshot', async () => {
    const first = await open();
    await write(first, { hardState: { term: 2, vote: null }, entries: entriesOf(1, 3000, 2) });
    await save(first, snapshotAt(2990));
    await write(first, { entries: entriesOf(3001, 3001, 2) });
    const second = await reopen();
    expect(second.initial.snapshot).to.deep.equal({ index: 2990, term: 2 });
    expect(second.initial.entries[0]?.index).to.equal(2991);
    expect(second.initial.entries.at(-1)?.index).to.equal(3001);
    expect(await pieces(second, 2990)).to.deep.equal([
      [174, 0],
      [174, 1],
      [174, 2],
    ]);
  });

  it('gives all that it held for the snapshot of a leader', async () => {
    const first = await open();
    await write(first, { hardState: { term: 1, vote: null }, entries: entriesOf(1, 80, 1) });
    const hardState = { term: 3, vote: null };
    await write(first, { hardState, snapshot: snapshotAt(50), entries: entriesOf(51, 52, 3) });
    const { initial } = await reopen();
    expect(initial.snapshot).to.deep.equal({ index: 50, term: 2 });
    expect(initial.entries.map(({ index, term }) => `${index}:${term}`)).to.deep.equal([
      '51:3',
      '52:3',
    ]);
  });

  it('keeps the newer snapshot when an older one of its own comes late', async () => {
    const first = await open();
    await write(first, { hardState: { term: 2, vote: null }, entries: entriesOf(1, 40, 2) });
    const installed = write(first, { snapshot: snapshotAt(50), entries: [] });
    const saved = save(first, snapshotAt(30));
    await Promise.all([installed, saved]);
    expect(first.storage.newestSnapshot()?.meta.index).to.equal(50);
    const second = await reopen();
    expect(second.initial.snapshot.index).to.equal(50);
    expect(await pieces(second, 30)).to.deep.equal([null, null, null]);
  });

  it('syncs at its start what a killed process may have left unsynced', async () => {
    const first = await open();
    await write(first, { hardState: { term: 3, vote: 'b:2' }, entries: entriesOf(1, 5, 3) });
    const writeAheadLog = await kill();
    expect((await stat(writeAheadLog)).size).to.be.greaterThan(0);
    const { initial } = await open();
    // SQLite cuts it only when all of it is in the file, and synced.
    expect((await stat(writeAheadLog)).size).to.equal(0);
    expect([initial.hardState.vote, initial.entries.length]).to.deep.equal(['b:2', 5]);
  });

  describe('with what a killed process left of the write-ahead log', () => {
    let writeAheadLog: string;
    let bytes: Buffer;

    /** One transaction for each entry, the last one of several pages. */
    beforeEach(async () => {
      const first = await open();
      await write(first, { hardState: { term: 3, vote: null } });
      for (let index = 1; index <= 20; index++) {
        await write(first, { entries: entriesOf(index, index, 3) });
      }
      await write(first, { entries: entriesOf(21, 270, 3) });
      writeAheadLog = await kill();
      bytes = await readFile(writeAheadLog);
    });

    async function openWith(changed: Buffer): Promise<OpenedStorage> {
      await writeFile(writeAheadLog, changed);
      return open();
    }

    function flipped(at: number): Buffer {
      const changed = Buffer.from(bytes);
      changed[at]! ^= 1;
      return changed;
    }

    it('has all of it', async () => {
      expect((await open()).initial.entries).to.have.length(270);
    });

    it('is refused, by name, when that is wrong in the middle', async () => {
      const { code, message } = await failureOf(openWith(flipped(40_000)));
      expect(code).to.equal('RESOURCE');
      expect(message).to.contain(`${path} is damaged (its write-ahead log is wrong in the middle)`);
    });

    it('is refused, by name, when its header is wrong', async () => {
      const { message } = await failureOf(openWith(flipped(17)));
      expect(message).to.contain(`${path} is damaged (the header of its write-ahead log is wrong)`);
    });

    it('has what was synced before, when the last transaction was cut short', async () => {
      for (const cut of [
        flipped(bytes.length - 1),
        flipped(bytes.length - 3 * 4096),
        bytes.subarray(0, bytes.length - 6_000),
        Buffer.concat([bytes.subarray(0, bytes.length - 6_000), Buffer.alloc(6_000)]),
      ]) {
        const { initial, storage } = await openWith(cut);
        expect(initial.entries).to.have.length(20);
        await storage.close();
        opened.pop();
        await rm(directory, { recursive: true });
        await cp(killed, directory, { recursive: true });
      }
    });

    it('begins empty when nothing of it was written', async () => {
      await writeFile(path, '');
      expect((await openWith(Buffer.alloc(bytes.length))).initial.entries).to.deep.equal([]);
    });

    it('has all of it after the file was used again from its beginning', async () => {
      const first = await open();
      for (let index = 271; index <= 1_400; index++) {
        await write(first, { entries: entriesOf(index, index, 3) });
      }
      await kill();
      expect((await open()).initial.entries).to.have.length(1_400);
    });
  });

  it('holds what was promised last across a restart, nothing before the first promise', async () => {
    const first = await open();
    expect(first.promisedMs).to.equal(0);
    await promise(first, 350);
    await promise(first, 700);
    expect((await reopen()).promisedMs).to.equal(700);
  });

  it('is refused when it does not say what was promised', async () => {
    await open();
    await tamper('DELETE FROM promise');
    expect((await failureOf(open())).message).to.contain(`${path} is damaged (ms is undefined)`);
  });

  it('tells a piece that was replaced from one that is missing', async () => {
    const first = await open();
    await write(first, { hardState: { term: 2, vote: null }, entries: entriesOf(1, 40, 2) });
    await save(first, snapshotAt(20, 2));
    await save(first, snapshotAt(30, 4));
    expect(await pieces(first, 20)).to.deep.equal([null, null, null, null]);
    const missing = new Promise((resolve, reject) => {
      first.storage.readPiece(30, 4, (error) => (error === null ? resolve(null) : reject(error)));
    });
    expect((await failureOf(missing)).message).to.equal('piece 4 of its snapshot is missing');
  });

  it('keeps a whole snapshot of a leader that arrives while one of its own is written', async () => {
    for (const ownPieces of [1, 3, 6]) {
      const first = await open();
      const index = 100 * ownPieces;
      await write(first, { hardState: { term: 2, vote: null } });
      const saved = save(first, snapshotAt(index + 30, ownPieces));
      const installed = write(first, { snapshot: snapshotAt(index + 50), entries: [] });
      await Promise.all([saved, installed]);
      const second = await reopen();
      expect(second.initial.snapshot.index).to.equal(index + 50);
      const wanted = snapshotAt(index + 50).pieces.map((piece) => [...piece]);
      expect(await pieces(second, index + 50)).to.deep.equal(wanted);
      await opened.pop()!.storage.close();
    }
  });

  it('is refused, by name, while the same process has it', async () => {
    await open();
    const refusal = await failureOf(open());
    expect(refusal).to.include({
      code: 'RESOURCE',
      message: `RaftDataDir: ${path} is in use by another process; stop that one, or name another directory`,
    });
  });

  it('is free again after it was closed, and after it could not be opened', async () => {
    await open();
    await reopen();
    await opened.pop()!.storage.close();
    expect((await failureOf(open({ node: 'other:1' }))).code).to.equal('RESOURCE');
    await open();
  });

  it('is refused, by the name of its key, where no directory can be', async () => {
    await writeFile(join(directory, 'file'), '');
    directory = join(directory, 'file', 'below');
    const { code, message } = await failureOf(open());
    directory = join(directory, '..', '..');
    expect(code).to.equal('RESOURCE');
    expect(message).to.match(/^RaftDataDir: .*file/);
  });

  it('is refused where the system makes no directories, though there is nothing in the way', async () => {
    const kept = directory;
    directory = '/proc/freno/below';
    const { code, message } = await failureOf(open());
    directory = kept;
    expect(code).to.equal('RESOURCE');
    expect(message).to.match(/^RaftDataDir: \/proc\/freno\/below cannot be used: /);
  });

  it('of another node or cluster is refused', async () => {
    await open();
    await opened.pop()!.storage.close();
    const { code, message } = await failureOf(open({ node: '127.0.0.1:2' }));
    expect(code).to.equal('RESOURCE');
    expect(message).to.contain(path).and.contain('belongs to node 127.0.0.1:1 of cluster test');
    const other = await failureOf(open({ clusterName: 'prod' }));
    expect(other.message).to.contain('this is node 127.0.0.1:1 of cluster prod');
  });

  it('of the original is set aside, with one warning, and an empty one begins', async () => {
    const bolt = Buffer.alloc(8192);
    bolt.writeUInt32LE(0xed0cdaed, 16);
    await writeFile(path, bolt);
    const recorder = new LogRecorder();
    const { storage } = await SqliteStorage.open(directory, identity, recorder.logger);
    await storage.close();
    expect(recorder.warnings().length).to.equal(1);
    expect(recorder.warnings()[0]).to.contain(`${path} is a Bolt file`);
    expect(await readFile(`${path}.bolt`)).to.deep.equal(bolt);

    await writeFile(path, bolt);
    const { code, message } = await failureOf(open());
    expect([code, message]).to.deep.equal([
      'RESOURCE',
      `${path} is a Bolt file of the original freno, and ${path}.bolt exists already: move one of them away`,
    ]);
  });

  const foreign: Record<string, () => Promise<void>> = {
    'a text': () => writeFile(path, 'hello'),
    'a page of zeros': () => writeFile(path, Buffer.alloc(4096)),
    'the database of another program': async () => {
      const connection = await Connection.open(path);
      await connection.execute('CREATE TABLE t (a); PRAGMA application_id = 7');
      await connection.close();
    },
  };
  for (const [what, make] of Object.entries(foreign)) {
    it(`is refused, and not touched, when it is ${what}`, async () => {
      await make();
      const before = await readFile(path);
      const { code, message } = await failureOf(open());
      expect(code).to.equal('RESOURCE');
      expect(message).to.contain(`${path} is not a log of freno`);
      expect(await readFile(path)).to.deep.equal(before);
      expect(await readdir(directory)).to.deep.equal(['freno-raft.db']);
    });
  }

  const damages: Record<string, string> = {
    'an entry was changed': "UPDATE log SET data = x'00' WHERE idx = 5",
    'the term of an entry was changed': 'UPDATE log SET term = 2 WHERE idx = 5',
    'an entry is missing': 'DELETE FROM log WHERE idx = 5',
    'the first entry is missing': 'DELETE FROM log WHERE idx = 1',
    'the vote was changed': "UPDATE hard_state SET vote = 'x'",
    'the term is missing': 'DELETE FROM hard_state',
    'a piece of the snapshot is missing':
      'UPDATE snapshot SET last_index = 3, last_term = 1, pieces = 2',
    'it ends in a term that it does not know':
      'UPDATE hard_state SET term = 0, vote = NULL, checksum = (SELECT checksum FROM kept)',
    'a table is missing': 'DROP TABLE log',
  };
  for (const [what, sql] of Object.entries(damages)) {
    it(`is refused, by name, when ${what}`, async () => {
      const first = await open();
      await first.storage.close();
      opened.pop();
      const connection = await Connection.open(path);
      await connection.execute('CREATE TABLE kept AS SELECT checksum FROM hard_state');
      await connection.close();
      const second = await open();
      await write(second, { hardState: { term: 3, vote: 'a' }, entries: entriesOf(1, 10, 1) });
      await tamper(sql);
      const { code, message } = await failureOf(open());
      expect(code).to.equal('RESOURCE');
      expect(message).to.contain(path);
    });
  }

  it('is refused, by name, when its file was cut or overwritten', async () => {
    const first = await open();
    await write(first, { hardState: { term: 3, vote: 'a' }, entries: entriesOf(1, 2000, 1) });
    await first.storage.close();
    opened.pop();
    const whole = await readFile(path);
    await truncate(path, whole.length - 8192);
    const { code, message } = await failureOf(open());
    expect(code).to.equal('RESOURCE');
    expect(message).to.contain(`${path} is damaged`);
    await writeFile(
      path,
      Buffer.concat([whole.subarray(0, 100), Buffer.alloc(whole.length - 100, 7)]),
    );
    expect((await failureOf(open())).message).to.contain(`${path} is damaged`);
  });

  it('of a newer program is refused', async () => {
    await open();
    await tamper('PRAGMA user_version = 2');
    expect((await failureOf(open())).message).to.contain(`${path} cannot be used: its format is 2`);
  });

  it('fails every later write after one has failed', async () => {
    const first = await open();
    const late = entriesOf(3, 3, 1);
    const broken = { index: 1, term: null as unknown as number, data: new Uint8Array(1) };
    const attempt = write(first, { entries: [broken] });
    await failureOf(attempt);
    await failureOf(write(first, { entries: late }));
    const { initial } = await reopen();
    expect(initial.entries).to.deep.equal([]);
  });

  it('stays below 32 MB over 20,000 changes', async () => {
    const first = await open();
    await write(first, { hardState: { term: 2, vote: null } });
    for (let index = 1; index <= 20_000; index += 50) {
      await write(first, { entries: entriesOf(index, index + 49, 2) });
      if (index % 8000 === 1 && index > 1) await save(first, snapshotAt(index, 10));
    }
    let bytes = 0;
    for (const name of await readdir(directory))
      bytes += (await readFile(join(directory, name))).length;
    expect(bytes).to.be.lessThan(32 * 1024 * 1024);
  });
});
