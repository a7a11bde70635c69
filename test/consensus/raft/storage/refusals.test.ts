/** The log on disk: which directories and files it refuses, and how it says so. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { Connection } from '../../../../src/consensus/raft/storage/connection.js';
import { SqliteStorage } from '../../../../src/consensus/raft/storage/sqlite.js';
import { failureOf } from '../../../support/failure.js';
import { LogRecorder } from '../support/log-recorder.js';
import { entriesOf, identity, StoredLog, write } from '../support/stored-log.js';

describe('a log on disk', () => {
  let log: StoredLog;

  beforeEach(async () => {
    log = await StoredLog.create();
  });

  afterEach(() => log.end());

  it('refuses a log that the same process has open', async () => {
    await log.open();
    const refusal = await failureOf(log.open());
    expect(refusal).to.include({
      code: 'RESOURCE',
      message:
        `RaftDataDir: ${log.path} is in use by another process; ` +
        'stop that one, or name another directory',
    });
  });

  it('unlocks the log after it was closed, and after a failed open', async () => {
    await log.open();
    await log.reopen();
    await log.close();
    expect((await failureOf(log.open({ node: 'other:1' }))).code).to.equal('RESOURCE');
    await log.open();
  });

  it('names RaftDataDir when the directory cannot be created', async () => {
    await writeFile(join(log.directory, 'file'), '');
    log.directory = join(log.directory, 'file', 'below');
    const { code, message } = await failureOf(log.open());
    log.directory = join(log.directory, '..', '..');
    expect(code).to.equal('RESOURCE');
    expect(message).to.match(/^RaftDataDir: .*file/);
  });

  it('refuses a directory below /proc, where mkdir fails with ENOENT', async () => {
    const { directory } = log;
    log.directory = '/proc/freno/below';
    const { code, message } = await failureOf(log.open());
    log.directory = directory;
    expect(code).to.equal('RESOURCE');
    expect(message).to.match(/^RaftDataDir: \/proc\/freno\/below cannot be used: /);
  });

  it('refuses the log of another node or cluster', async () => {
    await log.open();
    await log.close();
    const { code, message } = await failureOf(log.open({ node: '127.0.0.1:2' }));
    expect(code).to.equal('RESOURCE');
    expect(message).to.contain(log.path).and.contain('belongs to node 127.0.0.1:1 of cluster test');
    const other = await failureOf(log.open({ clusterName: 'prod' }));
    expect(other.message).to.contain('this is node 127.0.0.1:1 of cluster prod');
  });

  it('renames the file of the original, with one warning, and creates an empty log', async () => {
    const bolt = Buffer.alloc(8192);
    bolt.writeUInt32LE(0xed0cdaed, 16);
    await writeFile(log.path, bolt);
    const recorder = new LogRecorder();
    const { storage } = await SqliteStorage.open(log.directory, identity, recorder.logger);
    await storage.close();
    expect(recorder.warnings().length).to.equal(1);
    expect(recorder.warnings()[0]).to.contain(`${log.path} is a Bolt file`);
    expect(await readFile(`${log.path}.bolt`)).to.deep.equal(bolt);

    await writeFile(log.path, bolt);
    const { code, message } = await failureOf(log.open());
    expect([code, message]).to.deep.equal([
      'RESOURCE',
      `${log.path} is a Bolt file of the original freno, and ${log.path}.bolt exists already: ` +
        'move one of them away',
    ]);
  });

  const foreign: Record<string, () => Promise<void>> = {
    'a text file': () => writeFile(log.path, 'hello'),
    'a page of zeros': () => writeFile(log.path, Buffer.alloc(4096)),
    'the database of another program': async () => {
      const connection = await Connection.open(log.path);
      await connection.execute('CREATE TABLE t (a); PRAGMA application_id = 7');
      await connection.close();
    },
  };
  for (const [what, make] of Object.entries(foreign)) {
    it(`refuses ${what} as a log, and does not change the file`, async () => {
      await make();
      const before = await readFile(log.path);
      const { code, message } = await failureOf(log.open());
      expect(code).to.equal('RESOURCE');
      expect(message).to.contain(`${log.path} is not a log of freno`);
      expect(await readFile(log.path)).to.deep.equal(before);
      expect(await readdir(log.directory)).to.deep.equal(['freno-raft.db']);
    });
  }

  const damages: Record<string, string> = {
    'an entry was changed': "UPDATE log SET data = x'00' WHERE idx = 5",
    'the term of an entry was changed': 'UPDATE log SET term = 2 WHERE idx = 5',
    'an entry is missing': 'DELETE FROM log WHERE idx = 5',
    'the first entry is missing': 'DELETE FROM log WHERE idx = 1',
    'the last entry is missing': 'DELETE FROM log WHERE idx = 10',
    'all entries are missing': 'DELETE FROM log',
    'the vote was changed': "UPDATE node_state SET vote = 'x'",
    'the lockout was changed': 'UPDATE node_state SET lockout_ms = 1',
    'the cluster was changed': "UPDATE node_state SET cluster_id = 'x'",
    'the node counts as joining': 'UPDATE node_state SET joining = 1 - joining',
    'the list of nodes was changed': 'UPDATE node_state SET nodes = NULL',
    'the term is missing': 'DELETE FROM node_state',
    'there are two terms': 'INSERT INTO node_state SELECT * FROM node_state',
    'the snapshot is missing': 'DELETE FROM snapshot',
    'its place was changed': 'UPDATE snapshot SET last_index = 3, last_term = 1, pieces = 2',
    'a table is missing': 'DROP TABLE log',
    'there is another table': 'CREATE TABLE other (a)',
    'the text of the schema was changed':
      "PRAGMA writable_schema = 1; UPDATE sqlite_schema SET sql = replace(sql, 'idx', 'idy')",
  };
  for (const [what, sql] of Object.entries(damages)) {
    it(`is refused, by name, when ${what}`, async () => {
      await write(await log.open(), {
        hardState: { term: 3, vote: 'a' },
        entries: entriesOf(1, 10, 1),
      });
      await log.tamper(sql);
      const { code, message } = await failureOf(log.open());
      expect(code).to.equal('RESOURCE');
      expect(message).to.contain(log.path);
    });
  }

  const inPlace: Record<string, (path: string) => Promise<unknown>> = {
    'a directory': (path) => mkdir(path),
    'a FIFO': (path) => promisify(execFile)('mkfifo', [path]),
    'a socket': (path) => listening(path),
  };
  for (const [what, make] of Object.entries(inPlace)) {
    for (const suffix of ['', '-wal', '-journal', '-synced']) {
      it(`refuses ${what} in the place of freno-raft.db${suffix} at once`, async () => {
        await log.open();
        await log.close();
        const path = `${log.path}${suffix}`;
        await rm(path, { force: true });
        await make(path);
        const { code, message } = await failureOf(log.open());
        expect(code).to.equal('RESOURCE');
        expect(message).to.contain(`${path} is ${what}, not a file`);
      });
    }
  }

  it('refuses an older copy of the database', async () => {
    const first = await log.open();
    await write(first, { hardState: { term: 3, vote: 'a' }, entries: entriesOf(1, 10, 1) });
    await log.kill();
    const older = await readFile(log.path);
    await write(await log.open(), { hardState: { term: 4, vote: 'b' } });
    await log.close();
    const newer = await readFile(log.path);
    await writeFile(log.path, older);
    expect((await failureOf(log.open())).message).to.contain(
      `${log.path} is damaged (it is an older copy: term and vote are not those that were synced)`,
    );
    await writeFile(log.path, newer);
    expect((await log.open()).initial.hardState).to.deep.equal({ term: 4, vote: 'b' });
  });

  it('is refused, by name, when its file was cut or overwritten', async () => {
    const first = await log.open();
    await write(first, { hardState: { term: 3, vote: 'a' }, entries: entriesOf(1, 2000, 1) });
    await log.close();
    const whole = await readFile(log.path);
    await truncate(log.path, whole.length - 8192);
    const { code, message } = await failureOf(log.open());
    expect(code).to.equal('RESOURCE');
    expect(message).to.contain(`${log.path} is damaged`);
    await writeFile(
      log.path,
      Buffer.concat([whole.subarray(0, 100), Buffer.alloc(whole.length - 100, 7)]),
    );
    expect((await failureOf(log.open())).message).to.contain(`${log.path} is damaged`);
  });

  it('refuses a term that no cluster reaches, by name, with the way out', async () => {
    const hardState = { term: Number.MAX_SAFE_INTEGER, vote: 'a' };
    await write(await log.open(), { hardState });
    await log.close();
    const { code, message } = await failureOf(log.open());
    expect(code).to.equal('RESOURCE');
    expect(message)
      .to.contain(`${log.path} cannot be used: it holds term ${Number.MAX_SAFE_INTEGER}`)
      .and.contain('empty RaftDataDir (docs/raft.md, "Lost or damaged disks")');
  });

  it('refuses the log of a newer program', async () => {
    await log.open();
    await log.tamper('PRAGMA user_version = 3');
    expect((await failureOf(log.open())).message).to.contain(
      `${log.path} cannot be used: its format is 3, this program knows 2`,
    );
  });
});

/** Leaves a socket at `path`. */
async function listening(path: string): Promise<void> {
  const server = createServer().listen(path);
  await once(server, 'listening');
  server.unref();
}
