/** The watchdog: an unresponsive thread hangs, but not one that could not run. */
import { expect } from 'chai';
import { Watchdog } from '../../src/base/watchdog.js';

const LIMITS = { tickMs: 10, ticksMax: 5, firstTicksMax: 20 };

function turnOf(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

describe('Watchdog', () => {
  let pings: number;
  let isExcused: boolean;
  let hung: number;
  let onPing: () => void;
  let onHung: () => void;
  let watchdog: Watchdog;
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
    watchdog = new Watchdog(thread, LIMITS);
    // The watchdog alone does not keep a process alive.
    keepAlive = setInterval(() => {}, 1_000);
  });

  let keepAlive: NodeJS.Timeout;

  afterEach(() => {
    watchdog.stop();
    clearInterval(keepAlive);
  });

  it('reports a hang once when a ping stays without a response', async () => {
    watchdog.feed();
    await new Promise<void>((resolve) => {
      onHung = resolve;
    });
    await turnOf(LIMITS.tickMs * (LIMITS.ticksMax + 2));
    expect({ pings, hung }).to.deep.equal({ pings: 1, hung: 1 });
  });

  it('waits longer for the first message', async () => {
    await new Promise<void>((resolve) => {
      onHung = resolve;
    });
    const unresponsiveMs = performance.now() - startedAtMs;
    expect(unresponsiveMs).to.be.above(
      (LIMITS.tickMs * (LIMITS.firstTicksMax + LIMITS.ticksMax)) / 2,
    );
  });

  it('pings again and again while responses arrive, however late', async () => {
    await new Promise<void>((resolve) => {
      onPing = () => {
        if (pings === 3) resolve();
        setTimeout(() => watchdog.feed(), LIMITS.tickMs * (LIMITS.ticksMax - 2));
      };
    });
    expect(hung).to.equal(0);
  });

  it('counts a pause of the whole process as one tick, however long', async () => {
    await new Promise<void>((resolve) => {
      onPing = resolve;
    });
    watchdog.feed();
    const paused = new Int32Array(new SharedArrayBuffer(4));
    for (let pause = 0; pause < LIMITS.ticksMax - 2; pause++) {
      Atomics.wait(paused, 0, 0, LIMITS.tickMs * LIMITS.ticksMax * 2);
      await new Promise(setImmediate);
    }
    expect(hung).to.equal(0);
  });

  it('excuses a thread only while it is being profiled', async () => {
    isExcused = true;
    watchdog.feed();
    await turnOf(LIMITS.tickMs * LIMITS.ticksMax * 3);
    expect(hung).to.equal(0);
    isExcused = false;
    await new Promise<void>((resolve) => {
      onHung = resolve;
    });
  });
});
