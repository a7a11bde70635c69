/** Directories and files that are refused as a log, and the messages. */
import { readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
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
    'the vote was changed': "UPDATE hard_state SET vote = 'x'",
    'the term is missing': 'DELETE FROM hard_state',
    'the lockout is missing': 'DELETE FROM promise',
    'a chunk of the snapshot is missing':
      'UPDATE snapshot SET last_index = 3, last_term = 1, pieces = 2',
    'its last entry has a later term than its hard state':
      'UPDATE hard_state SET term = 0, vote = NULL, checksum = (SELECT checksum FROM kept)',
    'a table is missing': 'DROP TABLE log',
  };
  for (const [what, sql] of Object.entries(damages)) {
    it(`refuses a log when ${what}`, async () => {
      await log.open();
      await log.tamper('CREATE TABLE kept AS SELECT checksum FROM hard_state');
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

  it('refuses a log whose file was truncated or overwritten', async () => {
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

  it('refuses the log of a newer program', async () => {
    await log.open();
    await log.tamper('PRAGMA user_version = 2');
    expect((await failureOf(log.open())).message).to.contain(
      `${log.path} cannot be used: its format is 2`,
    );
  });
});
