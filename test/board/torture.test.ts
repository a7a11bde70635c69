/**
 * The board under writers that publish without pause and are killed in the middle: no torn reading,
 * and no broken invariant.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect } from 'chai';
import { Board } from '../../src/board/board.js';
import type { StopCondition, TortureTask } from './torture-thread.js';

const THREAD = new URL('./torture-thread.js', import.meta.url);
const READERS = 2;
/** Holds however the machine divides its time between readers and writers. */
const STOP_CONDITION: StopCondition = { reads: 5_000_000, changes: 1_000, writersKilled: 5 };

describe('the board under torture', () => {
  it('shows no torn reading in ten million while writers are killed in the middle', async () => {
    const { memory } = Board.create(1);
    const writersKilled = new Int32Array(new SharedArrayBuffer(4));
    const start = (role: TortureTask['role']): Worker => {
      const workerData: TortureTask = {
        role,
        memory,
        writersKilled,
        stopCondition: STOP_CONDITION,
      };
      return new Worker(THREAD, { workerData });
    };

    const readers = Array.from({ length: READERS }, () => start('reader'));
    let reading = true;
    const results = Promise.all(
      readers.map(async (reader) => {
        const [torn] = await once(reader, 'message');
        return torn as number;
      }),
    ).finally(() => {
      reading = false;
    });

    while (reading) {
      const writer = start('writer');
      await once(writer, 'message');
      await Promise.race([results, new Promise((resolve) => setTimeout(resolve, 20))]);
      await writer.terminate();
      Atomics.add(writersKilled, 0, 1);
    }

    expect(await results, 'torn readings').to.deep.equal([0, 0]);
  });
});
