/** A probe thread counts as a writer of the board until it has really ended. */
import { BroadcastChannel } from 'node:worker_threads';
import { expect } from 'chai';
import { Piscina } from 'piscina';
import { createLogger, type LogOptions } from '../../src/base/log.js';
import { Board } from '../../src/board/board.js';
import type { ProbeTask } from '../../src/contracts/probe.js';
import { DiagnosticsHub } from '../../src/publish/main/diagnostics-hub.js';
import { ProbeThread } from '../../src/stores/main/probe-thread.js';
import { until } from '../support/until.js';
import { CRASH_CHANNEL, type CrashCommand } from './crashing-probe.js';

const log = { level: 'silent', stacks: false } as unknown as LogOptions;

describe('ProbeThread', () => {
  it('resolves assignments only after a terminated thread has exited', async () => {
    const pool = new Piscina<ProbeTask, void>({
      filename: new URL('./crashing-probe.js', import.meta.url).href,
      name: 'probe',
      minThreads: 1,
      maxThreads: 1,
      atomics: 'disabled',
    });
    const thread = new ProbeThread({
      pool,
      board: Board.create().memory,
      log,
      logger: createLogger(log, 'test'),
      memcache: { servers: [], path: '' },
      diagnostics: new DiagnosticsHub(),
      worker: 0,
      watchdog: { tickMs: 100, ticksMax: 10, firstTicksMax: 100 },
    });
    const channel = new BroadcastChannel(CRASH_CHANNEL);
    try {
      await thread.assign([]);
      const [worker] = pool.threads;
      let isOver = false;
      worker!.once('exit', () => {
        isOver = true;
      });
      const blocked = new Promise((resolve) => {
        channel.onmessage = resolve;
      });
      channel.postMessage({ worker: 0, how: 'block' } satisfies CrashCommand);
      await blocked;
      const assigned = [thread.assign([])];
      await until(() => !pool.threads.includes(worker!));
      assigned.push(thread.assign([]));
      const overThen = await Promise.all(assigned.map((each) => each.then(() => isOver)));
      expect(overThen).to.deep.equal([true, true]);
    } finally {
      channel.close();
      await thread.stop();
      await pool.destroy();
    }
  });
});
