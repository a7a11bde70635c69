/** Ticks while the event loop stalls. */
import { stat } from 'node:fs';
import { MessageChannel } from 'node:worker_threads';
import { expect } from 'chai';
import { monotonicMs } from '../../../src/base/clock.js';
import { Ticker } from '../../../src/consensus/raft/ticker.js';

const INTERVAL_MS = 10;

describe('Ticker', () => {
  let ticker: Ticker | undefined;
  afterEach(() => ticker?.stop());

  /** Resolves with the times of the first `count` ticks. */
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

  it('never ticks twice within the interval, also after a stall of the event loop', async () => {
    const timesMs = await ticks(30, (nth) => {
      if (nth % 7 === 0) stall(3 * INTERVAL_MS + 3);
    });
    for (let at = 1; at < timesMs.length; at++) {
      expect(timesMs[at]! - timesMs[at - 1]!).to.be.at.least(INTERVAL_MS);
    }
  });

  it('counts a stall of the event loop as one tick', async () => {
    const timesMs = await ticks(4, (nth) => {
      if (nth === 1) stall(20 * INTERVAL_MS);
    });
    expect(timesMs[3]! - timesMs[0]!).to.be.at.least(22 * INTERVAL_MS);
  });

  it('does not tick early when other work delays the event loop', async () => {
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

  it('ticks after messages that arrived during a stall were delivered', async () => {
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
      // At the end of a loop iteration: the next one begins with the timers, which are due.
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
