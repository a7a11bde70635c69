/** Ticks under a loop that stalls. */
import { stat } from 'node:fs';
import { MessageChannel } from 'node:worker_threads';
import { expect } from 'chai';
import { monotonicMs } from '../../../src/base/clock.js';
import { Ticker } from '../../../src/consensus/raft/ticker.js';

const INTERVAL_MS = 10;

describe('ticks', () => {
  let ticker: Ticker | undefined;
  afterEach(() => ticker?.stop());

  /** Runs until `count` ticks have come; returns their times. */
  function ticks(
    count: number,
    onTick: (nth: number) => void = () => {},
    intervalMs = INTERVAL_MS,
  ): Promise<number[]> {
    const timesMs: number[] = [];
    return new Promise((resolve) => {
      ticker = new Ticker(intervalMs, () => {
        timesMs.push(monotonicMs());
        onTick(timesMs.length);
        if (timesMs.length === count) resolve(timesMs);
      });
      ticker.start();
    });
  }

  it('never come closer together than the interval, whatever the loop does', async () => {
    const timesMs = await ticks(30, (nth) => {
      if (nth % 7 === 0) stall(3 * INTERVAL_MS + 3);
    });
    for (let at = 1; at < timesMs.length; at++) {
      expect(timesMs[at]! - timesMs[at - 1]!).to.be.at.least(INTERVAL_MS);
    }
  });

  it('count a stall of the loop as one', async () => {
    const timesMs = await ticks(4, (nth) => {
      if (nth === 1) stall(20 * INTERVAL_MS);
    });
    expect(timesMs[3]! - timesMs[0]!).to.be.at.least(22 * INTERVAL_MS);
  });

  it('do not come early when work that the timer does not know of held the loop', async () => {
    let isBusy = true;
    const work = (): void => {
      stall(INTERVAL_MS - 2);
      if (isBusy) stat('.', work);
    };
    stat('.', work);
    const timesMs = await ticks(20);
    isBusy = false;
    for (let at = 1; at < timesMs.length; at++) {
      expect(timesMs[at]! - timesMs[at - 1]!).to.be.at.least(INTERVAL_MS);
    }
  });

  it('come after what had arrived during a stall was delivered', async () => {
    const order: string[] = [];
    // Long, so that no pause of the process before the stall makes the next tick due.
    const intervalMs = 300;
    const onTick = (nth: number): void => {
      order.push(`tick ${nth}`);
      if (nth !== 2) return;
      const { port1, port2 } = new MessageChannel();
      port2.on('message', () => {
        order.push('message');
        port2.close();
      });
      // At the end of a turn: the next one begins with the timers, which are due.
      setImmediate(() => {
        port1.postMessage('arrives during the stall');
        stall(intervalMs + 50);
      });
    };
    await ticks(3, onTick, intervalMs);
    expect(order).to.deep.equal(['tick 1', 'tick 2', 'message', 'tick 3']);
  });
});

function stall(durationMs: number): void {
  const untilMs = monotonicMs() + durationMs;
  while (monotonicMs() < untilMs);
}
