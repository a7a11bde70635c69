/** A probe thread counts as a writer of the board until it has really ended. */
import { BroadcastChannel } from 'node:worker_threads';
import { expect } from 'chai';
import { pino } from 'pino';
import { Piscina } from 'piscina';
import { createLogger, LOG_LEVELS, type LogOptions } from '../../src/base/log.js';
import { Board } from '../../src/board/board.js';
import { LoginCounts } from '../../src/board/login-counts.js';
import { ProbeSockets } from '../../src/board/probe-sockets.js';
import { StoreTurns } from '../../src/board/store-turns.js';
import type { ProbeTask } from '../../src/contracts/probe.js';
import type { ClusterAssignment } from '../../src/contracts/stores.js';
import { DiagnosticsHub } from '../../src/publish/main/diagnostics-hub.js';
import { ProbeThread } from '../../src/stores/main/probe-thread.js';
import { until } from '../support/until.js';
import { CRASH_CHANNEL, type CrashCommand } from './crashing-probe.js';

const log = { level: 'silent', stacks: false } as unknown as LogOptions;

const NO_SUSPECTS = {
  allowed: (assignments: readonly ClusterAssignment[]) => [...assignments],
  died: (): void => {},
};

const shared = {
  board: Board.create().memory,
  sockets: ProbeSockets.memory(2),
  turns: StoreTurns.memory(2),
  logins: LoginCounts.memory(2),
  suspects: NO_SUSPECTS,
  log,
  logger: createLogger(log, 'test'),
  memcache: { servers: [], path: '', tls: null },
  diagnostics: new DiagnosticsHub(),
  watchdog: { tickMs: 100, ticksMax: 10, firstTicksMax: 100 },
};

describe('ProbeThread', () => {
  let pool: Piscina<ProbeTask, void>;

  beforeEach(() => {
    pool = new Piscina<ProbeTask, void>({
      filename: new URL('./crashing-probe.js', import.meta.url).href,
      name: 'probe',
      minThreads: 1,
      maxThreads: 1,
      atomics: 'disabled',
    });
  });

  afterEach(() => pool.destroy());

  it('resolves assignments only after a terminated thread has exited', async () => {
    const thread = new ProbeThread({ ...shared, pool, worker: 0 });
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
    }
  });

  it('is started again when the pool could not start its thread', async () => {
    const reasons: string[] = [];
    const write = (line: string): void => void reasons.push(JSON.parse(line).reason);
    const logger = pino({ customLevels: LOG_LEVELS }, { write });
    const threads = [0, 1].map((worker) => new ProbeThread({ ...shared, pool, logger, worker }));
    try {
      await until(async () => (await threads[0]!.cutOffStores()) !== null);
      // The one thread is taken: the second task waits, as it would when its thread did not start.
      for (const thread of threads) thread.poolFailed();
      await until(() => reasons.length > 0);
      expect(reasons).to.deep.equal(['it did not start']);
      expect(await threads[0]!.cutOffStores()).to.deep.equal([]);
    } finally {
      await Promise.all(threads.map((thread) => thread.stop()));
    }
  });
});
