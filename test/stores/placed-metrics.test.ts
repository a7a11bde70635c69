/** Several metrics of one store in the inventory: their slots, their hosts, and their settings. */
import { mock } from 'node:test';
import { expect } from 'chai';
import { pino } from 'pino';
import { FrenoError } from '../../src/base/errors.js';
import { LOG_LEVELS } from '../../src/base/log.js';
import { Board, emptyStoreReading, type StoreReading } from '../../src/board/board.js';
import type {
  ClusterAssignment,
  ClusterSettings,
  HostSource,
  MetricAssignment,
} from '../../src/contracts/stores.js';
import type {
  HostList,
  HostListSettings,
  HostSourceReader,
} from '../../src/stores/main/hosts/host-source.js';
import { Inventory } from '../../src/stores/main/inventory.js';
import { thresholdInForce } from '../../src/throttle/metric.js';
import { type MetricChanges, metricSettings } from '../support/cluster-settings.js';
import { eventLoopTurns } from '../support/event-loop.js';
import { failureOf } from '../support/failure.js';
import { skipsOf } from '../support/host-skips.js';

const REPLICAS: HostSource = {
  kind: 'haproxy',
  caFile: '',
  addresses: ['proxy'],
  poolName: 'replicas',
};
const PRIMARY: HostSource = {
  kind: 'haproxy',
  caFile: '',
  addresses: ['proxy'],
  poolName: 'primary',
};
const METRICS_MAX = 6;

/** A pool whose hosts the test decides: null, the reading does not end; `away`: it fails. */
interface FakePool {
  readings: number;
  hosts: readonly string[] | 'away' | null;
}

describe('the metrics of a store in the inventory', () => {
  let board: Board;
  let inventory: Inventory;
  let assigned: readonly ClusterAssignment[];
  let log: Array<{ readonly store: string; readonly metric?: string; readonly msg: string }>;
  let nowMs: number;
  /** By name. */
  let pools: Map<string, FakePool>;

  beforeEach(() => {
    board = Board.create(METRICS_MAX);
    assigned = [];
    log = [];
    nowMs = 1_000;
    pools = new Map([
      ['replicas', { readings: 0, hosts: ['r1', 'r2'] }],
      ['primary', { readings: 0, hosts: ['p'] }],
    ]);
    const write = (line: string): void => void log.push(JSON.parse(line));
    inventory = new Inventory({
      board,
      logger: pino({ level: 'info', customLevels: LOG_LEVELS }, { write }),
      prober: {
        async assign(assignments): Promise<void> {
          assigned = assignments;
        },
        lead: () => undefined,
      },
      metricsMax: METRICS_MAX,
      readerFor,
      nowMs: () => nowMs,
    });
  });

  afterEach(() => {
    inventory.stop();
    mock.timers.reset();
  });

  function readerFor({ hosts }: HostListSettings): HostSourceReader | null {
    if (hosts.kind !== 'haproxy') return null;
    return { read: () => readPool(pools.get(hosts.poolName)!) };
  }

  async function readPool(pool: FakePool): Promise<HostList> {
    pool.readings++;
    if (pool.hosts === null) return new Promise(() => undefined);
    if (pool.hosts === 'away') throw new FrenoError('HOST_SOURCE', 'away');
    return { hosts: pool.hosts.map((host) => ({ host, port: 3306 })), problem: '' };
  }

  /** A store with a metric of its own, on the replicas, and others. */
  function store(...others: readonly MetricChanges[]): ClusterSettings {
    const own = metricSettings(REPLICAS, { metricQuery: '' });
    return {
      name: 'main',
      metrics: [own, ...others.map((changes) => metricSettings(REPLICAS, changes))],
    };
  }

  async function configure(...clusters: ClusterSettings[]): Promise<void> {
    await inventory.replaceClusters(clusters);
    await eventLoopTurns();
  }

  function metric(name: string): MetricAssignment {
    return assigned[0]!.metrics.find(({ settings }) => settings.name === name)!;
  }

  function hosts(name: string): string[] {
    return metric(name).targets.map(({ host }) => host);
  }

  function settings(name: string): StoreReading {
    const { slot } = inventory.stores()[0]!.metrics.find((each) => each.name === name)!;
    return board.readStore(slot, emptyStoreReading());
  }

  const running = { name: 'threads_running', threshold: 100 };

  describe('whose threshold is set', () => {
    const untilMs = Date.now() + 3_600_000;
    const set = (...keys: string[]): void =>
      inventory.setThresholds(
        keys.map((key, index) => [key, { value: index + 7, expireAtMs: untilMs }]),
      );
    const inForce = (name: string): number => thresholdInForce(settings(name), Date.now());

    beforeEach(() => configure(store({ ...running }, { name: 'disk' })));

    it('have it on the board at once, each its own, until its time', () => {
      set('mysql/main', 'mysql/main/threads_running', 'mysql/other', 'mysql/main/lag');
      expect(inForce('lag')).to.equal(7);
      expect(inForce('threads_running')).to.equal(8);
      expect(inForce('disk')).to.equal(1);
      expect(thresholdInForce(settings('lag'), untilMs)).to.equal(1);
      set('mysql/main/threads_running');
      expect(inForce('lag')).to.equal(1);
      expect(inForce('threads_running')).to.equal(7);
    });

    it('keep it through a reload, which counts afterwards', async () => {
      set('mysql/main/threads_running');
      await configure(store({ ...running, threshold: 50 }));
      expect(inForce('threads_running')).to.equal(7);
      set();
      expect(inForce('threads_running')).to.equal(50);
    });

    it('have it when they are configured only later', async () => {
      set('mysql/main/late');
      await configure(store({ name: 'late' }));
      expect(inForce('late')).to.equal(7);
    });
  });

  it('have a slot each, with their threshold; the store is that of its own metric', async () => {
    await configure(store({ ...running, mode: 'observe' }, { name: 'disk', cacheMs: 60_000 }));
    const [location] = inventory.stores();
    const [own, second, third] = location!.metrics;
    expect(location!.slot).to.equal(own.slot);
    expect(own).to.include({ name: 'lag', mode: 'enforce' });
    expect(second).to.include({ name: 'threads_running', mode: 'observe' });
    expect(new Set([own.slot, second!.slot, third!.slot]).size).to.equal(3);
    expect(settings('lag')).to.include({ threshold: 1, maxAgeMs: 2_000 });
    expect(settings('threads_running')).to.include({ threshold: 100, maxAgeMs: 2_000 });
    expect(settings('disk')).to.include({ maxAgeMs: 62_000 });
    expect(assigned[0]!.metrics.map(({ isOwn }) => isOwn)).to.deep.equal([true, false, false]);
    for (const { name, slot } of location!.metrics) {
      expect(metric(name)).to.include({ slot, generation: settings(name).currentGeneration });
    }
  });

  it('keep a value of Prometheus for longer than its interval', async () => {
    const measured = {
      kind: 'prometheus',
      caFile: '',
      url: 'http://p',
      query: 'x',
      intervalMs: 9_000,
    } as const;
    await configure(store({ name: 'load', measured }));
    expect(settings('load').maxAgeMs).to.equal(11_000);
  });

  it('share one list of hosts, unless they name another', async () => {
    await configure(store(running, { name: 'disk', hosts: PRIMARY }, { name: 'wal', port: 3307 }));
    expect(pools.get('replicas')!.readings, 'one per port').to.equal(2);
    expect(pools.get('primary')!.readings).to.equal(1);
    expect(hosts('lag')).to.deep.equal(['r1', 'r2']);
    expect(hosts('threads_running')).to.deep.equal(['r1', 'r2']);
    expect(hosts('disk')).to.deep.equal(['p']);
    const report = inventory.reportOf('main')!;
    expect(report.hosts).to.deep.equal(['r1:3306', 'r2:3306']);
    expect(report.otherLists.get('disk')!.hosts).to.deep.equal(['p:3306']);
    expect(report.otherLists.has('threads_running')).to.equal(false);
  });

  it('ignore hosts each by rules of its own; a skipped host is skipped for all', async () => {
    await configure(store({ ...running, ignoreHosts: ['r2'] }));
    expect([hosts('lag'), hosts('threads_running')]).to.deep.equal([['r1', 'r2'], ['r1']]);
    const { otherLists } = inventory.reportOf('main')!;
    expect(otherLists.get('threads_running')!.ignored).to.deep.equal(['r2:3306']);
    await inventory.skipsChanged(skipsOf([['r1', Date.now() + 60_000]]));
    expect([hosts('lag'), hosts('threads_running')]).to.deep.equal([['r2'], []]);
  });

  it('are assigned when their own list is known, and wait for no other', async () => {
    pools.get('replicas')!.hosts = null;
    await configure(store({ ...running, hosts: PRIMARY }));
    expect(assigned[0]!.metrics).to.have.length(1);
    expect(metric('threads_running')).to.deep.include({ isOwn: false });
    expect(hosts('threads_running')).to.deep.equal(['p']);
  });

  it('need no hosts when Prometheus yields them', async () => {
    const measured = {
      kind: 'prometheus',
      caFile: '',
      url: 'http://p',
      query: 'x',
      intervalMs: 1_000,
    } as const;
    await configure({ name: 'main', metrics: [metricSettings({ kind: 'none' }, { measured })] });
    expect(hosts('lag')).to.deep.equal([]);
  });

  it('keep slot and generation by name when others come and go', async () => {
    await configure(store(running));
    const [lag, threads] = [metric('lag'), metric('threads_running')];
    await configure(store({ name: 'disk' }, { ...running, threshold: 50 }));
    for (const { settings, slot, generation } of [lag, threads]) {
      expect(metric(settings.name)).to.include({ slot, generation });
    }
    expect(settings('threads_running').threshold).to.equal(50);
    await configure(store());
    expect(board.readStore(threads.slot, emptyStoreReading()).currentGeneration).to.equal(0);
    await configure(store(running));
    expect(metric('threads_running').generation).to.be.above(threads.generation);
  });

  for (const [what, changes] of [
    ['another query', { metricQuery: 'select 2' }],
    ['the rate of its query', { measured: { kind: 'rate', query: 'select 1' } }],
    ['other hosts', { hosts: PRIMARY }],
  ] as const) {
    it(`lose the values of one metric, and no other, when it measures ${what}`, async () => {
      await configure(store(running));
      const [lag, threads] = [metric('lag'), metric('threads_running')];
      await configure(store({ ...running, ...changes }));
      expect(metric('lag').generation).to.equal(lag.generation);
      expect(metric('threads_running').slot).to.equal(threads.slot);
      expect(metric('threads_running').generation).to.be.above(threads.generation);
    });
  }

  it('all lose their values when the list that they share is another one', async () => {
    await configure(store(running));
    const [lag, threads] = [metric('lag'), metric('threads_running')];
    const [own, other] = store(running).metrics;
    const moved = (each: typeof own) => ({ ...each, hosts: PRIMARY });
    await configure({ name: 'main', metrics: [moved(own), moved(other!)] });
    expect(hosts('threads_running')).to.deep.equal(['p']);
    expect(metric('lag').generation).to.be.above(lag.generation);
    expect(metric('threads_running').generation).to.be.above(threads.generation);
  });

  it('keep the hosts of both lists when both get another password', async () => {
    const withPassword = (password: string): ClusterSettings => {
      const [own, other] = store({ ...running, hosts: PRIMARY }).metrics;
      const addresses = [`http://freno:${password}@proxy`];
      return {
        name: 'main',
        metrics: [
          { ...own, hosts: { ...REPLICAS, addresses } as HostSource },
          { ...other!, hosts: { ...PRIMARY, addresses } as HostSource },
        ],
      };
    };
    await configure(withPassword('one'));
    const before = assigned[0]!.metrics.map(({ generation }) => generation);
    for (const pool of pools.values()) pool.hosts = null;
    await configure(withPassword('two'));
    expect([hosts('lag'), hosts('threads_running')]).to.deep.equal([['r1', 'r2'], ['p']]);
    expect(assigned[0]!.metrics.map(({ generation }) => generation)).to.deep.equal(before);
  });

  it('are not probed by a list that was not read while this node did not lead', async () => {
    mock.timers.enable({ apis: ['setInterval'] });
    await configure(store({ ...running, hosts: PRIMARY }));
    const { generation } = metric('threads_running');
    nowMs += 10_001;
    pools.get('replicas')!.hosts = null;
    inventory.lead(true, 1);
    expect(settings('threads_running').currentGeneration).to.be.above(generation);
    expect(assigned).to.deep.equal([]);
    inventory.refreshNow();
    await eventLoopTurns();
    expect(assigned[0]!.metrics.map((each) => each.settings.name)).to.deep.equal([
      'threads_running',
    ]);
  });

  it('are named in the log where their list, and not that of the store, fails', async () => {
    await configure(store({ ...running, hosts: PRIMARY }));
    for (const pool of pools.values()) pool.hosts = 'away';
    inventory.refreshNow();
    await eventLoopTurns();
    expect(log.map(({ store, metric: name, msg }) => [store, name, msg])).to.deep.equal([
      ['main', undefined, 'cannot read host list'],
      ['main', 'threads_running', 'cannot read host list'],
    ]);
  });

  it('are awaited by a new leader unless they are only observed, or have no hosts', async () => {
    await configure(
      store(
        running,
        { name: 'observed', mode: 'observe' },
        { name: 'elsewhere', hosts: { kind: 'none' } },
      ),
    );
    const slotOf = new Map(inventory.stores()[0]!.metrics.map(({ name, slot }) => [name, slot]));
    expect([...inventory.slots()]).to.deep.equal([
      slotOf.get('lag'),
      slotOf.get('threads_running'),
    ]);
  });

  it('are refused when they do not fit on the board, and nothing changes', async () => {
    const others = Array.from({ length: 4 }, (_, index) => ({ name: `m${index}` }));
    await configure(store(...others));
    const before = inventory.stores();
    const renamed = others.map(({ name }) => ({ name: `other-${name}` }));
    const { code, message } = await failureOf(inventory.replaceClusters([store(...renamed)]));
    expect(code).to.equal('CONFIG');
    expect(message).to.match(/5 metrics .*beside 4 .*at most 6/);
    expect(inventory.stores()).to.deep.equal(before);
  });
});
