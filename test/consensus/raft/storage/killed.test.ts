/** The log on disk: what a process that was killed leaves of it. */
import { cp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { expect } from 'chai';
import type { OpenedStorage } from '../../../../src/consensus/raft/storage/sqlite.js';
import { failureOf } from '../../../support/failure.js';
import { entriesOf, StoredLog, write } from '../support/stored-log.js';

describe('the log of a killed process', () => {
  let log: StoredLog;

  beforeEach(async () => {
    log = await StoredLog.create();
  });

  afterEach(() => log.end());

  it('syncs at its start what a killed process may have left unsynced', async () => {
    const first = await log.open();
    await write(first, { hardState: { term: 3, vote: 'b:2' }, entries: entriesOf(1, 5, 3) });
    await log.kill();
    expect((await stat(log.writeAheadLog)).size).to.be.greaterThan(0);
    const { initial } = await log.open();
    // A checkpoint truncates it only when all of it is in the database file, and synced.
    expect((await stat(log.writeAheadLog)).size).to.equal(0);
    expect([initial.hardState.vote, initial.entries.length]).to.deep.equal(['b:2', 5]);
  });

  describe('with the write-ahead log of a killed process', () => {
    let bytes: Buffer;

    /** One transaction for each entry, the last one of several pages. */
    beforeEach(async () => {
      const first = await log.open();
      await write(first, { hardState: { term: 3, vote: null } });
      for (let index = 1; index <= 20; index++) {
        await write(first, { entries: entriesOf(index, index, 3) });
      }
      await write(first, { entries: entriesOf(21, 270, 3) });
      await log.kill();
      bytes = await readFile(log.writeAheadLog);
    });

    async function openWith(changed: Buffer): Promise<OpenedStorage> {
      await writeFile(log.writeAheadLog, changed);
      return log.open();
    }

    function flipped(at: number): Buffer {
      const changed = Buffer.from(bytes);
      changed[at]! ^= 1;
      return changed;
    }

    it('restores the whole log of a killed process', async () => {
      expect((await log.open()).initial.entries).to.have.length(270);
    });

    it('refuses a log whose write-ahead log is damaged in the middle', async () => {
      const { code, message } = await failureOf(openWith(flipped(40_000)));
      expect(code).to.equal('RESOURCE');
      expect(message).to.contain(`${log.writeAheadLog} is damaged (it is damaged in the middle)`);
    });

    it('refuses a log whose write-ahead log has a damaged header', async () => {
      const { message } = await failureOf(openWith(flipped(17)));
      expect(message).to.contain(`${log.writeAheadLog} is damaged (its header is damaged)`);
    });

    it('refuses a log that lost what was synced', async () => {
      const cuts: Record<string, Buffer | null> = {
        'missing or empty': null,
        empty: Buffer.alloc(0),
        'cut short': bytes.subarray(0, bytes.length - 6_000),
        'bytes in the middle of the last one': flipped(bytes.length - 3 * 4096),
        header: Buffer.concat([Buffer.alloc(32), bytes.subarray(32)]),
        'nothing but zeros': Buffer.alloc(bytes.length),
      };
      for (const [what, changed] of Object.entries(cuts)) {
        if (changed === null) await rm(log.writeAheadLog);
        else await writeFile(log.writeAheadLog, changed);
        // Twice: a refusal leaves all as it is.
        for (let attempt = 0; attempt < 2; attempt++) {
          const { code, message } = await failureOf(log.open());
          expect(code, what).to.equal('RESOURCE');
          expect(message, what).to.contain(`${log.writeAheadLog} is damaged (`);
          expect(message, what).to.contain('empty its RaftDataDir and start it again');
        }
        if (changed !== null) {
          expect(await readFile(log.writeAheadLog), what).to.deep.equal(changed);
        }
        await log.restoreKilled();
      }
    });

    it('refuses a write-ahead log whose database is missing or empty', async () => {
      for (const synced of [true, false]) {
        await writeFile(log.path, '');
        if (!synced) await rm(log.syncedFile);
        const { message } = await failureOf(log.open());
        expect(message).to.contain(`${log.path} is damaged (it is empty, but ${log.path}-`);
        await rm(log.path);
        expect((await failureOf(log.open())).message).to.contain(
          `(it is missing, but ${log.path}-`,
        );
        await log.restoreKilled();
      }
    });

    it('refuses a log whose side file is missing, damaged or of another log', async () => {
      await rm(log.syncedFile);
      expect((await failureOf(log.open())).message).to.contain(
        `${log.syncedFile} is damaged (it is missing)`,
      );
      await writeFile(log.syncedFile, Buffer.alloc(12_288, 7));
      expect((await failureOf(log.open())).message).to.contain(
        `${log.syncedFile} is damaged (its checksums are wrong)`,
      );
      const other = await StoredLog.create();
      await other.open();
      await other.close();
      await cp(other.syncedFile, log.syncedFile);
      await other.end();
      expect((await failureOf(log.open())).message).to.contain(
        `${log.syncedFile} is damaged (it belongs to another log than the file beside it)`,
      );
    });

    it('restores the whole log after the write-ahead log was reused from its start', async () => {
      const first = await log.open();
      for (let index = 271; index <= 1_400; index++) {
        await write(first, { entries: entriesOf(index, index, 3) });
      }
      await log.kill();
      expect((await log.open()).initial.entries).to.have.length(1_400);
    });
  });
});
