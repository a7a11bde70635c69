/** The inventory and its host sources: when they are read, and what is kept when they fail. */
import { mock } from 'node:test';
import { expect } from 'chai';
import { pino } from 'pino';
import { LOG_LEVELS, type Logger } from '../../../src/base/log.js';
import { Board, emptyStoreReading, type StoreReading } from '../../../src/board/board.js';
import type { ClusterReport } from '../../../src/contracts/reports.js';
import type { ClusterAssignment } from '../../../src/contracts/stores.js';
import type {
  HostListSettings,
  HostSourceReader,
} from '../../../src/stores/main/hosts/host-source.js';
import { Inventory, type InventoryOptions } from '../../../src/stores/main/inventory.js';
import { clusterSettings } from '../../support/cluster-settings.js';
import { eventLoopTurns } from '../../support/event-loop.js';
import { FakeSource } from './fake-source.js';

const pool = { kind: 'haproxy', caFile: '', addresses: ['proxy'], poolName: 'pool' } as const;

const proxySql = {
  kind: 'proxysql',
  addresses: ['proxy:6032'],
  user: 'stats',
  password: 'one',
  passwordFile: '',
  hostgroupId: 1,
  ignoreServerTtlMs: 10_000,
} as const;

const vitess = {
  kind: 'vitess',
  caFile: '',
  api: 'http://vtctld',
  cells: [],
  keyspace: 'commerce',
  shard: '0',
  timeoutMs: 5_000,
} as const;

interface LogLine {
  readonly level: number;
  readonly store?: string;
  readonly error?: string;
  readonly rows?: readonly string[];
  readonly count?: number;
  readonly msg: string;
}

describe('the inventory and its host sources', () => {
  const sources = new Map<string, FakeSource>();
  let inventory: Inventory;
  let log: LogLine[];
  let assigned: readonly ClusterAssignment[];
  /** What was assigned when the prober became active. */
  let assignedAtLead: readonly ClusterAssignment[];
  let board: Board;
  let nowMs = 1_000;

  beforeEach(() => start({ readerFor }));

  afterEach(() => {
    inventory.stop();
    sources.clear();
    mock.timers.reset();
  });

  function start(options: Partial<InventoryOptions>): void {
    log = [];
    assigned = [];
    const write = (line: string): void => {
      log.push(JSON.parse(line) as LogLine);
    };
    const logger: Logger = pino({ level: 'info', customLevels: LOG_LEVELS }, { write });
    const prober = {
      async assign(assignments: readonly ClusterAssignment[]): Promise<void> {
        assigned = assignments;
      },
      lead: () => {
        assignedAtLead = assigned;
      },
    };
    board = Board.create();
    inventory = new Inventory({ board, prober, logger, ...options });
  }

  /** The settings of a store on the board. */
  function settings(name: string): StoreReading {
    const { slot } = inventory.stores().find((store) => store.name === name)!;
    return board.readStore(slot, emptyStoreReading());
  }

  function readerFor({ cluster, hosts }: HostListSettings): HostSourceReader | null {
    if (hosts.kind === 'none') return null;
    const fake = new FakeSource();
    sources.set(cluster, fake);
    return fake;
  }

  /** Clusters with sources that the test controls. */
  async function configure(...names: string[]): Promise<void> {
    await inventory.replaceClusters(
      names.map((name) => clusterSettings(name, { kind: 'static', hosts: [name] })),
    );
  }

  function source(name: string): FakeSource {
    return sources.get(name)!;
  }

  function report(name = 'main'): ClusterReport {
    return inventory.reportOf(name)!;
  }

  /** Hosts that are probed now. */
  function probed(name = 'main'): string[] | undefined {
    const cluster = assigned.find((assignment) => assignment.name === name);
    return cluster?.metrics[0].targets.map(({ host }) => host);
  }

  async function refresh(): Promise<void> {
    inventory.refreshNow();
    await eventLoopTurns();
  }

  it('keeps the last good list when a source fails, and reports the failure', async () => {
    await configure('main');
    source('main').succeed(['a', 'b']);
    await eventLoopTurns();
    const { readAtUnixMs } = report();
    expect(readAtUnixMs).to.be.a('number');
    await refresh();
    source('main').fail('HAProxy is away');
    await eventLoopTurns();
    expect(report()).to.deep.include({ error: 'HAProxy is away', readAtUnixMs });
    expect(report().hosts).to.deep.equal(['a:3306', 'b:3306']);
    expect(probed()).to.deep.equal(['a', 'b']);
  });

  it('logs a failure once and its end once, however often the list is read', async () => {
    await configure('main');
    for (const message of ['first', 'first', 'another']) {
      source('main').fail(message);
      await eventLoopTurns();
      await refresh();
    }
    source('main').succeed(['a']);
    await eventLoopTurns();
    await refresh();
    source('main').succeed(['a']);
    await eventLoopTurns();
    expect(log.map(({ level, store, error, msg }) => ({ level, store, error, msg }))).to.deep.equal(
      [
        { level: 40, store: 'main', error: 'first', msg: 'cannot read host list' },
        { level: 40, store: 'main', error: undefined, msg: 'host list is readable again' },
      ],
    );
  });

  it('uses a list that is incomplete, and reports that', async () => {
    await configure('main');
    source('main').succeed(['a'], 'one of two is away');
    await eventLoopTurns();
    expect(report()).to.deep.include({ hosts: ['a:3306'], error: 'one of two is away' });
    expect(log.map(({ msg }) => msg)).to.deep.equal(['host list is incomplete']);
    await refresh();
    source('main').succeed(['a']);
    await eventLoopTurns();
    expect(report().error).to.equal('');
  });

  it('reports the odd rows of a list and logs each once', async () => {
    await configure('main');
    for (const oddRows of [['first'], ['first', 'second'], [], ['second']]) {
      source('main').succeed(['a'], '', oddRows);
      await eventLoopTurns();
      expect(report()).to.deep.include({ hosts: ['a:3306'], error: '', oddRows });
      await refresh();
    }
    expect(log.map(({ msg, rows }) => [msg, rows])).to.deep.equal([
      ['host list has odd rows', ['first']],
      ['host list has odd rows', ['second']],
    ]);
    source('main').fail('the source is away');
    await eventLoopTurns();
    expect(report().oddRows).to.deep.equal(['second']);
    await inventory.replaceClusters([clusterSettings('main', { kind: 'none' })]);
    expect(report().oddRows).to.deep.equal([]);
  });

  it('logs a few of many odd rows', async () => {
    await configure('main');
    const rows = Array.from({ length: 1_000 }, (_, index) => `row ${index}`);
    source('main').succeed([], '', rows);
    await eventLoopTurns();
    expect(log[0]).to.deep.include({ count: 1_000, rows: rows.slice(0, 10) });
    expect(log).to.have.length(1);
  });

  it('drops the hosts that are no longer listed, down to none', async () => {
    await configure('main');
    source('main').succeed(['a', 'b', 'a']);
    await eventLoopTurns();
    expect(probed()).to.deep.equal(['a', 'b']);
    await refresh();
    source('main').succeed(['b']);
    await eventLoopTurns();
    expect(probed()).to.deep.equal(['b']);
    await refresh();
    source('main').succeed([]);
    await eventLoopTurns();
    expect(probed()).to.deep.equal([]);
    expect(report()).to.deep.include({ hosts: [], error: '' });
  });

  it('assigns each list as soon as it is read: a source that hangs delays no other', async () => {
    await configure('dead', 'slow', 'main');
    source('main').succeed(['a']);
    await eventLoopTurns();
    expect(probed('main')).to.deep.equal(['a']);
    expect(probed('slow')).to.equal(undefined);
    await refresh();
    source('main').succeed(['b']);
    source('slow').succeed(['c']);
    await eventLoopTurns();
    expect([probed('main'), probed('slow')]).to.deep.equal([['b'], ['c']]);
    expect(probed('dead')).to.equal(undefined);
  });

  it('runs one reading of a source at a time', async () => {
    await configure('main');
    await refresh();
    await refresh();
    expect(source('main').readings).to.equal(1);
    source('main').succeed(['a']);
    await eventLoopTurns();
    await refresh();
    expect(source('main').readings).to.equal(2);
  });

  it('reads every ten seconds while this node is leader, and only then', async () => {
    mock.timers.enable({ apis: ['setInterval'] });
    await configure('main');
    source('main').succeed(['a']);
    await eventLoopTurns();
    mock.timers.tick(60_000);
    expect(source('main').readings).to.equal(1);
    inventory.lead(true, 1);
    for (const readings of [2, 3]) {
      mock.timers.tick(9_999);
      expect(source('main').readings).to.equal(readings - 1);
      mock.timers.tick(1);
      expect(source('main').readings).to.equal(readings);
      source('main').succeed(['a']);
      await eventLoopTurns();
    }
    inventory.lead(false, 1);
    mock.timers.tick(60_000);
    expect(source('main').readings).to.equal(3);
  });

  it('does not use a list older than the interval before a new leader has read it', async () => {
    mock.timers.enable({ apis: ['setInterval'] });
    start({ readerFor, nowMs: () => nowMs });
    await inventory.replaceClusters(['main', 'away'].map((name) => clusterSettings(name, pool)));
    source('main').succeed(['old']);
    source('away').succeed(['cached']);
    await eventLoopTurns();
    const before = settings('main').currentGeneration;
    nowMs += 10_001;
    inventory.lead(true, 1);
    expect(settings('main').currentGeneration, 'values by the old list').not.to.equal(before);
    expect(assignedAtLead, 'hosts of the old lists').to.deep.equal([]);
    await refresh();
    expect([probed('main'), probed('away')]).to.deep.equal([undefined, undefined]);
    source('main').succeed(['new']);
    source('away').fail('HAProxy is away');
    await eventLoopTurns();
    expect([probed('main'), probed('away')]).to.deep.equal([['new'], ['cached']]);
    expect(assigned[0]!.metrics[0].generation).to.equal(settings('main').currentGeneration);
  });

  it('uses a list no older than the interval when this node becomes leader', async () => {
    mock.timers.enable({ apis: ['setInterval'] });
    start({ readerFor, nowMs: () => nowMs });
    await inventory.replaceClusters([clusterSettings('main', pool)]);
    source('main').succeed(['a']);
    await eventLoopTurns();
    nowMs += 10_000;
    inventory.lead(true, 1);
    await refresh();
    expect(probed('main')).to.deep.equal(['a']);
    expect(assigned[0]!.metrics[0].generation).to.equal(settings('main').currentGeneration);
  });

  for (const [what, changed] of [
    ['another pool', { ...pool, poolName: 'other' }],
    ['another kind', { kind: 'static', hosts: ['another'] }],
  ] as const) {
    it(`drops the hosts of a source at once when it becomes ${what}`, async () => {
      await inventory.replaceClusters([clusterSettings('main', pool)]);
      source('main').succeed(['a']);
      await eventLoopTurns();
      const { currentGeneration } = settings('main');
      const before = source('main');
      await refresh();
      const replaced = inventory.replaceClusters([clusterSettings('main', changed)]);
      expect(settings('main').currentGeneration, 'values').to.be.above(currentGeneration);
      await replaced;
      expect(probed()).to.equal(undefined);
      before.succeed(['late']);
      await eventLoopTurns();
      expect(probed()).to.equal(undefined);
      expect(report().hosts).to.deep.equal([]);
      source('main').fail('no such pool');
      await eventLoopTurns();
      expect(probed(), 'hosts of the old source after the failure of the new').to.equal(undefined);
      await refresh();
      source('main').succeed(['b']);
      await eventLoopTurns();
      expect(probed()).to.deep.equal(['b']);
    });
  }

  for (const [what, before, after] of [
    [
      "HAProxy's password",
      { ...pool, addresses: ['http://freno:one@proxy:1936'] },
      { ...pool, addresses: ['http://freno:two@proxy:1936'] },
    ],
    ["ProxySQL's password", proxySql, { ...proxySql, password: 'two', ignoreServerTtlMs: 1 }],
    ['the time-out of Vitess', vitess, { ...vitess, timeoutMs: 1 }],
  ] as const) {
    it(`keeps the hosts of a source when only ${what} changes`, async () => {
      await inventory.replaceClusters([clusterSettings('main', before)]);
      source('main').succeed(['a']);
      await eventLoopTurns();
      const { currentGeneration } = settings('main');
      await inventory.replaceClusters([clusterSettings('main', after)]);
      expect(probed()).to.deep.equal(['a']);
      expect(settings('main').currentGeneration).to.equal(currentGeneration);
      source('main').succeed(['b']);
      await eventLoopTurns();
      expect(probed()).to.deep.equal(['b']);
    });
  }

  it('forgets the hosts of a cluster that no longer has a source', async () => {
    await configure('main');
    source('main').succeed(['a']);
    await eventLoopTurns();
    const { currentGeneration } = settings('main');
    const replaced = inventory.replaceClusters([clusterSettings('main', { kind: 'none' })]);
    expect(settings('main').currentGeneration, 'values').to.be.above(currentGeneration);
    await replaced;
    expect(probed()).to.equal(undefined);
    expect(report()).to.deep.include({ source: 'none', hosts: [], readAtUnixMs: null });
  });
});
