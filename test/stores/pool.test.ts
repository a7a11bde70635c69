/** The pool of probe threads: the owners of clusters, and threads that die. */
import { BroadcastChannel } from 'node:worker_threads';
import { expect } from 'chai';
import { pino } from 'pino';
import { LOG_LEVELS, type LogOptions } from '../../src/base/log.js';
import { Board, emptyStoreReading, type StoreReading } from '../../src/board/board.js';
import type { ClusterAssignment, ProbeTarget } from '../../src/contracts/stores.js';
import { SimulatedMySQL } from '../../src/demo/simulated-mysql.js';
import { freePorts } from '../../src/demo/temporary.js';
import { DiagnosticsHub } from '../../src/publish/main/diagnostics-hub.js';
import { ProbePool } from '../../src/stores/main/pool.js';
import { MetricState } from '../../src/throttle/metric.js';
import { clusterAssignment } from '../support/cluster-settings.js';
import { until } from '../support/until.js';
import { CRASH_CHANNEL, type CrashCommand } from './crashing-probe.js';

/** Silent: the tests kill threads on purpose, which log the reason. */
const log = { level: 'silent', stacks: false } as unknown as LogOptions;
const CRASHING = new URL('./crashing-probe.js', import.meta.url);

describe('ProbePool', () => {
  let board: Board;
  let pool: ProbePool;
  let server: SimulatedMySQL;
  let channel: BroadcastChannel;
  /** Numbers of the threads that have died, in order. */
  let died: number[];

  beforeEach(async () => {
    board = Board.create();
    server = await SimulatedMySQL.listen({ value: 0.5 });
    channel = new BroadcastChannel(CRASH_CHANNEL);
    died = [];
    pool = newPool(2);
  });

  afterEach(async () => {
    channel.close();
    await pool.stop();
    await server.close();
  });

  function newPool(threads: number): ProbePool {
    const write = (line: string): void => {
      died.push((JSON.parse(line) as { worker: number }).worker);
    };
    const logger = pino({ level: 'error', customLevels: LOG_LEVELS }, { write });
    return new ProbePool({
      board: board.memory,
      threads,
      workerFile: CRASHING,
      log,
      logger,
      memcache: { servers: [], path: '', tls: null },
      diagnostics: new DiagnosticsHub(),
      watchdog: { tickMs: 100, ticksMax: 30, firstTicksMax: 100 },
    });
  }

  /** Each with a user of its own, so that they share no probe. */
  function cluster(slot: number, targets: readonly ProbeTarget[] = [server]): ClusterAssignment {
    const settings = { user: `freno${slot}`, ignoreDialTcpErrors: true };
    return clusterAssignment(slot, targets, slot + 1, settings);
  }

  async function unusedPort(): Promise<number> {
    const [port] = await freePorts(1);
    return port!;
  }

  function crash(command: CrashCommand): void {
    channel.postMessage(command);
  }

  /** Resolves when the thread hangs. */
  async function hang(worker: number): Promise<void> {
    const stuck = new Promise((resolve) => {
      channel.onmessage = resolve;
    });
    crash({ worker, how: 'hang' });
    await stuck;
  }

  function read(slot: number): StoreReading {
    return board.readStore(slot, emptyStoreReading());
  }

  /** Resolves when each slot has a value read after this call. */
  async function fresh(...slots: number[]): Promise<void> {
    const sinceMs = slots.map((slot) => read(slot).readAtMs);
    await until(() =>
      slots.every((slot, index) => {
        const { state, readAtMs } = read(slot);
        return state === MetricState.ok && readAtMs > sinceMs[index]!;
      }),
    );
  }

  it('probes the assigned clusters while the node leads', async () => {
    await pool.assign([cluster(0), cluster(1)]);
    expect(read(0).state).to.equal(MetricState.nothing);
    pool.lead(true, 5);
    await fresh(0, 1);
    expect(read(0)).to.include({ value: 0.5, term: 5, generation: 1 });
    const statistics = await pool.collect();
    expect(statistics).to.have.length(2);
    for (const { total, error, latency } of statistics) {
      expect(total).to.be.above(0);
      expect(error).to.equal(0);
      expect(latency.mean).to.be.above(1_000);
    }
  });

  it('collects what its threads have counted of many stores, each once', async () => {
    const slots = Array.from({ length: 250 }, (_, slot) => slot);
    await pool.assign(slots.map((slot) => clusterAssignment(slot, [], 1)));
    const stores = (await pool.collect()).flatMap((statistics) => statistics.stores);
    expect(stores).to.have.length(slots.length);
    expect(new Set(stores.map(({ store }) => store)).size).to.equal(slots.length);
  });

  it('resolves assign when a released cluster is not written any more', async () => {
    pool.lead(true, 1);
    await pool.assign([cluster(0), cluster(1)]);
    await fresh(0, 1);
    await pool.assign([cluster(1)]);
    const last = read(0);
    await fresh(1);
    expect(read(0)).to.deep.equal(last);
  });

  it('moves a cluster from an overloaded thread', async () => {
    const hosts = Array.from({ length: 80 }, (_, host) => ({
      host: `127.0.0.${host + 1}`,
      port: server.port,
    }));
    pool.lead(true, 1);
    await pool.assign([cluster(0), cluster(1), cluster(2), cluster(3)]);
    await fresh(0, 1, 2, 3);
    // Both are of thread 0, with one host each so far.
    await pool.assign([cluster(0, hosts), cluster(1), cluster(2, hosts.slice(0, 50)), cluster(3)]);
    await fresh(0, 1, 2, 3);
    await hang(1);
    const stuck = [1, 2, 3].map((slot) => read(slot).readAtMs);
    for (let round = 0; round < 4; round++) await fresh(0);
    expect([1, 2, 3].map((slot) => read(slot).readAtMs)).to.deep.equal(stuck);
  });

  for (const how of ['throw', 'exit'] as const) {
    it(`replaces a thread that dies (${how}) and continues its clusters`, async () => {
      pool.lead(true, 9);
      await pool.assign([cluster(0), cluster(1)]);
      await fresh(0, 1);
      crash({ worker: 0, how });
      crash({ worker: 1, how });
      await until(() => died.includes(0) && died.includes(1));
      await fresh(0, 1);
      expect(read(0).term).to.equal(9);
      await pool.assign([cluster(1)]);
      expect(await pool.collect()).to.have.length(2);
    });
  }

  it('resolves an assignment when its thread dies', async () => {
    pool.lead(true, 1);
    await pool.assign([cluster(0), cluster(1)]);
    for (const worker of [0, 1]) crash({ worker, how: 'throw' });
    await pool.assign([cluster(1), cluster(2)]);
    await fresh(1, 2);
  });

  it('leaves a hung thread out of the statistics, and replaces it', async () => {
    pool.lead(true, 1);
    await pool.assign([cluster(0), cluster(1)]);
    await fresh(0, 1);
    await hang(0);
    expect(await pool.collect()).to.have.length(1);
    await fresh(0);
  });

  it('knows which stores it cannot log in to, and which thread is silent', async () => {
    const refused = { host: '127.0.0.1', port: await unusedPort() };
    pool.lead(true, 1);
    await pool.assign([cluster(0), cluster(1), cluster(2, [refused]), cluster(3, [])]);
    await fresh(0, 1);
    await until(async () => (await pool.reach()).get('c2') === 'cutOff');
    const reach = { c0: 'reached', c1: 'reached', c2: 'cutOff', c3: 'reached' };
    expect(Object.fromEntries(await pool.reach())).to.deep.equal(reach);
    await hang(0);
    const silent = [...(await pool.reach())].filter(([, each]) => each === 'silent');
    expect(silent.map(([store]) => store)).to.deep.equal(['c0', 'c2']);
  });

  it('finds a store cut off that answers no login, but none that refuses queries', async () => {
    pool.lead(true, 1);
    await pool.assign([cluster(0)]);
    await fresh(0);
    await server.setFault({ kind: 'error', code: 1142, message: 'SELECT command denied' });
    // The connection is made again and again: what is granted later counts for new ones.
    await until(() => read(0).state === MetricState.error);
    for (let look = 0; look < 20; look++) {
      expect((await pool.reach()).get('c0')).to.equal('reached');
    }
    await server.setFault({ kind: 'hang' });
    await until(async () => (await pool.reach()).get('c0') === 'cutOff');
    expect(await pool.tryLogins(['c0'])).to.deep.equal([]);
    await server.setFault({ kind: 'none' });
    await until(async () => (await pool.reach()).get('c0') === 'reached');
  });

  it('tries logins while the node does not lead, and leaves no connection', async () => {
    const refused = { host: '127.0.0.1', port: await unusedPort() };
    await pool.assign([cluster(0), cluster(1, [refused]), cluster(2, [refused, server])]);
    const accepted = await pool.tryLogins(['c0', 'c1', 'c2', 'unknown']);
    expect([...accepted].sort()).to.deep.equal(['c0', 'c2']);
    await until(() => server.connections === 0);
    expect(read(0).state).to.equal(MetricState.nothing);
  });

  it('restarts a thread that dies again and again', async () => {
    pool.lead(true, 1);
    await pool.assign([cluster(0), cluster(1)]);
    for (let death = 0; death < 4; death++) {
      await fresh(0, 1);
      crash({ worker: 0, how: 'throw' });
    }
    await fresh(0, 1);
  });

  it('stops with all connections closed', async () => {
    pool.lead(true, 1);
    await pool.assign([cluster(0), cluster(1)]);
    await fresh(0, 1);
    await pool.stop();
    await until(() => server.connections === 0);
    await pool.assign([cluster(2)]);
    expect(await pool.collect()).to.deep.equal([]);
  });
});
