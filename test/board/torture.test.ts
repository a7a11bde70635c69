/** The board under writers that publish without pause and are killed in the middle: no torn reading. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect } from 'chai';
import { Board } from '../../src/board/board.js';

const THREAD = new URL('./torture-thread.js', import.meta.url);
const READERS = 2;
const READS_EACH = 5_000_000;

describe('the board under torture', () => {
  it('shows no torn reading in ten million while writers publish and are killed in the middle', async function () {
    this.timeout(120_000);
    const { memory } = Board.create(1);
    const start = (role: string): Worker =>
      new Worker(THREAD, { workerData: { memory, role, reads: READS_EACH } });

    const readers = Array.from({ length: READERS }, () => start('reader'));
    let reading = true;
    const results = Promise.all(
      readers.map(async (reader) => {
        const [result] = await once(reader, 'message');
        return result as { torn: number; changes: number };
      }),
    ).finally(() => {
      reading = false;
    });

    let killed = 0;
    while (reading) {
      const writer = start('writer');
      await once(writer, 'message');
      await Promise.race([results, new Promise((resolve) => setTimeout(resolve, 20))]);
      await writer.terminate();
      killed++;
    }

    expect(killed, 'writers killed').to.be.greaterThan(3);
    for (const { torn, changes } of await results) {
      expect(torn, 'torn readings').to.equal(0);
      expect(changes, 'publications seen').to.be.greaterThan(1000);
    }
  });
});
