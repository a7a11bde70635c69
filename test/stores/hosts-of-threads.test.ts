/** One host that stores of several probe threads list. */
import { BroadcastChannel } from 'node:worker_threads';
import { expect } from 'chai';
import { pino } from 'pino';
import { LOG_LEVELS, type LogOptions } from '../../src/base/log.js';
import { Board, emptyStoreReading } from '../../src/board/board.js';
import { SimulatedMySQL } from '../../src/demo/simulated-mysql.js';
import { DiagnosticsHub } from '../../src/publish/main/diagnostics-hub.js';
import { ProbePool } from '../../src/stores/main/pool.js';
import { LOGINS_MAX } from '../../src/stores/prober/mysql/login-gate.js';
import { MetricState } from '../../src/throttle/metric.js';
import { clusterAssignment } from '../support/cluster-settings.js';
import { until } from '../support/until.js';
import { CRASH_CHANNEL, type CrashCommand } from './crashing-probe.js';

const THREADS = 3;

describe('a host of stores on several probe threads', () => {
  let board: Board;
  let pool: ProbePool;
  let server: SimulatedMySQL;
  let deaths: number;

  beforeEach(async () => {
    board = Board.create();
    server = await SimulatedMySQL.listen({ value: 0.5 });
    deaths = 0;
    const logger = pino({ level: 'error', customLevels: LOG_LEVELS }, { write: () => ++deaths });
    pool = new ProbePool({
      ...{ board: board.memory, threads: THREADS, logger },
      workerFile: new URL('./crashing-probe.js', import.meta.url),
      log: { level: 'silent', stacks: false } as unknown as LogOptions,
      memcache: { servers: [], path: '', tls: null },
      diagnostics: new DiagnosticsHub(),
    });
    pool.lead(true, 1);
  });

  afterEach(async () => {
    await pool.stop();
    await server.close();
  });

  function assign(stores: number, userOf: (slot: number) => string): Promise<void> {
    const slots = Array.from({ length: stores }, (_, slot) => slot);
    return pool.assign(
      slots.map((slot) => clusterAssignment(slot, [server], slot + 1, { user: userOf(slot) })),
    );
  }

  function untilAll(stores: number, wanted: MetricState): Promise<unknown> {
    return until(() => {
      const states = Array.from(
        { length: stores },
        (_, slot) => board.readStore(slot, emptyStoreReading()).state,
      );
      return states.every((state) => state === wanted);
    });
  }

  async function storesOfThreads(): Promise<number[]> {
    return (await pool.collect()).map(({ stores }) => stores.length);
  }

  it('has a bounded number of logins of all threads together', async () => {
    const stores = 3 * LOGINS_MAX;
    await server.setFault({ kind: 'hang' });
    await assign(stores, (slot) => `freno${slot}`);
    expect(await storesOfThreads()).to.deep.equal([LOGINS_MAX, LOGINS_MAX, LOGINS_MAX]);
    await untilAll(stores, MetricState.error);
    expect(server.connections).to.equal(LOGINS_MAX);
    await server.setFault({ kind: 'none' });
    await untilAll(stores, MetricState.ok);
    expect(server.connections).to.equal(stores);
  });

  it('has places for logins again when a thread dies that held some', async () => {
    const stores = 3 * LOGINS_MAX;
    await server.setFault({ kind: 'hang' });
    await assign(stores, (slot) => `freno${slot}`);
    await until(() => server.connections === LOGINS_MAX);
    const channel = new BroadcastChannel(CRASH_CHANNEL);
    for (let worker = 0; worker < THREADS; worker++) {
      channel.postMessage({ worker, how: 'throw' } satisfies CrashCommand);
    }
    channel.close();
    await until(() => deaths === THREADS);
    await until(() => server.connections === LOGINS_MAX);
    await server.setFault({ kind: 'none' });
    await untilAll(stores, MetricState.ok);
  });

  it('has one probe of some stores that ask the same', async () => {
    await assign(6, () => 'freno');
    await untilAll(6, MetricState.ok);
    expect(server.connections).to.equal(1);
  });

  it('has one probe of each thread where there are many such stores', async () => {
    await assign(150, () => 'freno');
    await untilAll(150, MetricState.ok);
    expect(server.connections).to.equal(THREADS);
    const stores = await storesOfThreads();
    expect(Math.max(...stores) - Math.min(...stores), stores.join()).to.be.at.most(50);
  });
});
