/** The restart policy that HTTP workers and probe threads share. */
import { expect } from 'chai';
import { SupervisedThread, ThreadRestarts } from '../../src/base/supervised-thread.js';

const LIMITS = { tickMs: 10, ticksMax: 2, firstTicksMax: 2 };

/** A thread that has lived that long, as far as `ThreadRestarts` sees it. */
function dead(lifeMs: number): SupervisedThread {
  return { lifeMs } as SupervisedThread;
}

describe('ThreadRestarts', () => {
  it('restarts at once after the first death and doubles the pause after that, up to 1 s', () => {
    const restarts = new ThreadRestarts();
    const pauses = Array.from({ length: 7 }, () => restarts.schedule(dead(0), () => {}));
    restarts.stop();
    expect(pauses).to.deep.equal([0, 100, 200, 400, 800, 1_000, 1_000]);
  });

  it('restarts a thread at once that has lived for 10 s', () => {
    const restarts = new ThreadRestarts();
    const pauses = [0, 0, 0, 10_000, 0].map((lifeMs) => restarts.schedule(dead(lifeMs), () => {}));
    restarts.stop();
    expect(pauses).to.deep.equal([0, 100, 200, 0, 100]);
  });

  it('starts no thread after it has been stopped', async () => {
    const restarts = new ThreadRestarts();
    let starts = 0;
    restarts.schedule(dead(0), () => starts++);
    restarts.stop();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(starts).to.equal(0);
  });
});

describe('SupervisedThread', () => {
  it('is hung once its watchdog has reported it', async () => {
    const keepAlive = setInterval(() => {}, 1_000);
    let pings = 0;
    const hung = await new Promise<SupervisedThread>((resolve) => {
      const thread: SupervisedThread = new SupervisedThread(
        { ping: () => pings++, onHang: () => resolve(thread) },
        LIMITS,
      );
      expect(thread.isHung).to.equal(false);
    });
    clearInterval(keepAlive);
    expect(hung.isHung).to.equal(true);
    expect(pings).to.equal(1);
  });
});
