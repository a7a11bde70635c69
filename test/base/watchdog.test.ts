/** A watch on threads: who is silent for long hangs; who could not answer does not. */
import { expect } from 'chai';
import { Watchdog } from '../../src/base/watchdog.js';

const LIMITS = { tickMs: 10, ticksMax: 5, firstTicksMax: 20 };

function turnOf(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

describe('a watch on a thread', () => {
  let pings: number;
  let isExcused: boolean;
  let hung: number;
  let onPing: () => void;
  let onHung: () => void;
  let watch: Watchdog;
  let startedAtMs: number;

  beforeEach(() => {
    pings = 0;
    hung = 0;
    isExcused = false;
    onPing = () => {};
    onHung = () => {};
    const thread = {
      ping: () => {
        pings++;
        onPing();
      },
      isExcused: () => isExcused,
      onHang: () => {
        hung++;
        onHung();
      },
    };
    startedAtMs = performance.now();
    watch = new Watchdog(thread, LIMITS);
    // The watch alone does not keep a process alive.
    keepAlive = setInterval(() => {}, 1_000);
  });

  let keepAlive: NodeJS.Timeout;

  afterEach(() => {
    watch.stop();
    clearInterval(keepAlive);
  });

  it('says that it hangs, once, when one question stays without an answer', async () => {
    watch.feed();
    await new Promise<void>((resolve) => {
      onHung = resolve;
    });
    await turnOf(LIMITS.tickMs * (LIMITS.ticksMax + 2));
    expect({ pings, hung }).to.deep.equal({ pings: 1, hung: 1 });
  });

  it('gives it longer for its first answer', async () => {
    await new Promise<void>((resolve) => {
      onHung = resolve;
    });
    const silentMs = performance.now() - startedAtMs;
    expect(silentMs).to.be.above((LIMITS.tickMs * (LIMITS.firstTicksMax + LIMITS.ticksMax)) / 2);
  });

  it('asks on and on while it is answered, however late', async () => {
    await new Promise<void>((resolve) => {
      onPing = () => {
        if (pings === 3) resolve();
        setTimeout(() => watch.feed(), LIMITS.tickMs * (LIMITS.ticksMax - 2));
      };
    });
    expect(hung).to.equal(0);
  });

  it('takes a pause of the whole process for one tick, however long', async () => {
    await new Promise<void>((resolve) => {
      onPing = resolve;
    });
    watch.feed();
    const paused = new Int32Array(new SharedArrayBuffer(4));
    for (let pause = 0; pause < LIMITS.ticksMax - 2; pause++) {
      Atomics.wait(paused, 0, 0, LIMITS.tickMs * LIMITS.ticksMax * 2);
      await new Promise(setImmediate);
    }
    expect(hung).to.equal(0);
  });

  it('holds nothing against a thread that is excused, and all once it is not', async () => {
    isExcused = true;
    watch.feed();
    await turnOf(LIMITS.tickMs * LIMITS.ticksMax * 3);
    expect(hung).to.equal(0);
    isExcused = false;
    await new Promise<void>((resolve) => {
      onHung = resolve;
    });
  });
});
