/** The log on disk after its process was killed. */
import { readFile, stat, writeFile } from 'node:fs/promises';
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
      expect(message).to.contain(
        `${log.path} is damaged (its write-ahead log is damaged in the middle)`,
      );
    });

    it('refuses a log whose write-ahead log has a damaged header', async () => {
      const { message } = await failureOf(openWith(flipped(17)));
      expect(message).to.contain(
        `${log.path} is damaged (the header of its write-ahead log is damaged)`,
      );
    });

    it('restores all but the last transaction when a crash cut that short', async () => {
      for (const cut of [
        flipped(bytes.length - 1),
        flipped(bytes.length - 3 * 4096),
        bytes.subarray(0, bytes.length - 6_000),
        Buffer.concat([bytes.subarray(0, bytes.length - 6_000), Buffer.alloc(6_000)]),
      ]) {
        const { initial } = await openWith(cut);
        expect(initial.entries).to.have.length(20);
        await log.close();
        await log.restoreKilled();
      }
    });

    it('starts with an empty log when the write-ahead log is blank', async () => {
      await writeFile(log.path, '');
      expect((await openWith(Buffer.alloc(bytes.length))).initial.entries).to.deep.equal([]);
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
