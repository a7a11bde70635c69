/** The log on disk: files of the release before, which knew neither chains nor the side file. */
import { cp, mkdir, readFile } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { expect } from 'chai';
import { Connection } from '../../../../src/consensus/raft/storage/connection.js';
import { failureOf } from '../../../support/failure.js';
import { contentOf } from '../support/log-history.js';
import { entriesOf, StoredLog, settled, write } from '../support/stored-log.js';

/** As that release created it. */
const SCHEMA = `
  BEGIN EXCLUSIVE;
  PRAGMA application_id = ${0x66726e6f};
  PRAGMA user_version = 1;
  CREATE TABLE identity (cluster_name TEXT NOT NULL, node TEXT NOT NULL);
  CREATE TABLE hard_state (term INTEGER NOT NULL, vote TEXT, checksum INTEGER NOT NULL);
  CREATE TABLE snapshot (last_index INTEGER NOT NULL, last_term INTEGER NOT NULL,
    pieces INTEGER NOT NULL);
  CREATE TABLE snapshot_pieces (
    snapshot_index INTEGER NOT NULL, sequence INTEGER NOT NULL, data BLOB NOT NULL,
    checksum INTEGER NOT NULL,
    PRIMARY KEY (snapshot_index, sequence)
  );
  CREATE TABLE log (idx INTEGER PRIMARY KEY, term INTEGER NOT NULL, data BLOB NOT NULL,
    checksum INTEGER NOT NULL);
  INSERT INTO hard_state VALUES (0, NULL, ${crc32('0:')});
  CREATE TABLE promise (ms INTEGER NOT NULL);
  INSERT INTO snapshot VALUES (0, 0, 0);
  INSERT INTO promise VALUES (0);
  COMMIT;
  PRAGMA journal_mode = WAL;`;

const CHUNKS = [new Uint8Array([1, 2, 3]), new Uint8Array([4])];

async function createFormat1(path: string): Promise<void> {
  const connection = await Connection.open(path);
  await connection.execute(SCHEMA);
  await connection.all("INSERT INTO identity VALUES ('test', '127.0.0.1:1')");
  await connection.all(
    'UPDATE hard_state SET term = 3, vote = ?, checksum = ?',
    'b:2',
    crc32('3:b:2'),
  );
  await connection.all('UPDATE promise SET ms = 350');
  for (const { index, term, data } of entriesOf(395, 1000, 2)) {
    const checksum = crc32(`${index}:${term}`, crc32(data));
    await connection.all('INSERT INTO log VALUES (?, ?, ?, ?)', index, term, data, checksum);
  }
  for (const [sequence, chunk] of CHUNKS.entries()) {
    const row = [400, sequence, chunk, crc32(chunk)];
    await connection.all('INSERT INTO snapshot_pieces VALUES (?, ?, ?, ?)', ...row);
  }
  await connection.all('UPDATE snapshot SET last_index = 400, last_term = 2, pieces = 2');
  await connection.close();
}

describe('a log on disk of format 1', () => {
  let log: StoredLog;
  const nodes = ['127.0.0.1:1', 'b:2', 'c:3'];

  beforeEach(async () => {
    log = await StoredLog.create();
    await createFormat1(log.path);
  });

  afterEach(() => log.end());

  it('has everything after it was opened, and counts as joined', async () => {
    for (let open = 0; open < 2; open++) {
      const opened = await log.open({ nodes });
      expect(await contentOf(opened)).to.deep.equal({
        hardState: { term: 3, vote: 'b:2' },
        lockoutMs: 350,
        joining: false,
        clusterId: null,
        snapshot: { index: 400, term: 2 },
        chunks: ['010203', '04'],
        entries: entriesOf(401, 1000, 2).map(({ index, term, data }) => [
          index,
          term,
          Buffer.from(data).toString('hex'),
        ]),
      });
      await log.close();
    }
  });

  it('takes writes after it was opened', async () => {
    await write(await log.open({ nodes }), { entries: entriesOf(900, 901, 3) });
    await log.close();
    const { initial } = await log.open({ nodes });
    expect(initial.entries.at(-1)).to.include({ index: 901, term: 3 });
    await log.close();
  });

  it('is refused unchanged when it is damaged or of another node', async () => {
    expect((await failureOf(log.open({ node: 'b:2', nodes }))).message).to.contain(
      'belongs to node',
    );
    const damages = [
      "UPDATE log SET data = x'00' WHERE idx = 500",
      "UPDATE hard_state SET vote = 'c:3'",
      "UPDATE snapshot_pieces SET data = x'00'",
      'DELETE FROM log WHERE idx = 600',
      'UPDATE hard_state SET term = 1',
      'DROP TABLE promise',
    ];
    const sound = `${log.directory}-sound`;
    await mkdir(sound);
    await cp(log.directory, sound, { recursive: true });
    for (const sql of damages) {
      const connection = await Connection.open(log.path);
      await connection.execute(sql);
      await connection.close();
      const before = await readFile(log.path);
      const { code, message } = await failureOf(log.open({ nodes }));
      expect(code, sql).to.equal('RESOURCE');
      expect(message, sql).to.contain(`${log.path} is damaged (`);
      expect(await readFile(log.path), sql).to.deep.equal(before);
      await cp(sound, log.directory, { recursive: true });
    }
  });

  it('is refused, unchanged, when it holds a term that no cluster reaches', async () => {
    const term = Number.MAX_SAFE_INTEGER;
    const connection = await Connection.open(log.path);
    const checksum = crc32(`${term}:b:2`);
    await connection.all('UPDATE hard_state SET term = ?, checksum = ?', term, checksum);
    await connection.close();
    const before = await readFile(log.path);
    expect((await failureOf(log.open({ nodes }))).message)
      .to.contain(`${log.path} cannot be used: it holds term ${term}`)
      .and.contain('"Lost or damaged disks"');
    expect(await readFile(log.path)).to.deep.equal(before);
  });

  it('is refused when it is put back after the upgrade', async () => {
    const older = `${log.directory}-older`;
    await cp(log.path, older);
    await log.open({ nodes });
    await settled();
    await log.close();
    await cp(older, log.path);
    expect((await failureOf(log.open({ nodes }))).message).to.contain(
      `${log.path} is damaged (it is a copy from before an upgrade)`,
    );
  });

  it('is refused to a node alone when its vote shows that there were others', async () => {
    const { message } = await failureOf(log.open());
    expect(message).to.contain('it was used with other nodes (b:2)');
    await log.open({}, { forceNewCluster: true });
  });
});
