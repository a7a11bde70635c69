/** A store that ends its probe thread again and again is withheld from it, and the others go on. */
import { expect } from 'chai';
import { pino } from 'pino';
import { LOG_LEVELS, type LogOptions } from '../../src/base/log.js';
import { Board, emptyStoreReading, type StoreReading } from '../../src/board/board.js';
import type { ClusterAssignment, ProbeTarget } from '../../src/contracts/stores.js';
import { SimulatedMySQL } from '../../src/demo/simulated-mysql.js';
import { DiagnosticsHub } from '../../src/publish/main/diagnostics-hub.js';
import { ProbePool } from '../../src/stores/main/pool.js';
import { MetricState } from '../../src/throttle/metric.js';
import { clusterAssignment } from '../support/cluster-settings.js';
import { until } from '../support/until.js';
import { DEADLY, DEADLY_QUERY, HANGING } from './poisoned-probe.js';

const POISONED = new URL('./poisoned-probe.js', import.meta.url);
const silent = { level: 'silent', stacks: false } as unknown as LogOptions;

const HEALTHY = 0;
const SUSPECT = 1;

interface ThreadLine {
  readonly msg: string;
  readonly store?: string;
}

describe('a store that ends its probe thread', () => {
  let board: Board;
  let pool: ProbePool;
  let server: SimulatedMySQL;
  let lines: ThreadLine[];
  let generation: number;

  beforeEach(async () => {
    board = Board.create();
    server = await SimulatedMySQL.listen({ value: 0.5 });
    lines = [];
    generation = 0;
  });

  afterEach(async () => {
    await pool.stop();
    await server.close();
  });

  function start(withholdMs?: number): void {
    const write = (line: string): void => void lines.push(JSON.parse(line) as ThreadLine);
    pool = new ProbePool({
      board: board.memory,
      threads: 1,
      workerFile: POISONED,
      log: silent,
      logger: pino({ level: 'warn', customLevels: LOG_LEVELS }, { write }),
      memcache: { servers: [], path: '', tls: null },
      diagnostics: new DiagnosticsHub(),
      watchdog: { tickMs: 100, ticksMax: 30, firstTicksMax: 100 },
      ...(withholdMs !== undefined && { withholdMs }),
    });
    pool.lead(true, 7);
  }

  function cluster(slot: number, target: ProbeTarget): ClusterAssignment {
    return clusterAssignment(slot, [target], ++generation);
  }

  const poisoned = (host: string): ProbeTarget => ({ host, port: server.port });

  function read(slot: number): StoreReading {
    return board.readStore(slot, emptyStoreReading());
  }

  function deaths(): number {
    return lines.filter(({ msg }) => msg.startsWith('a probe thread died')).length;
  }

  /** Resolves with the first reading after now. */
  async function next(slot: number, state: MetricState): Promise<StoreReading> {
    const { readAtMs } = read(slot);
    await until(() => read(slot).state === state && read(slot).readAtMs > readAtMs);
    return read(slot);
  }

  const withheld = (): Promise<unknown> => until(() => pool.withheldStores === 1);

  for (const [host, how] of [
    [DEADLY, 'dies at its tick'],
    [HANGING, 'hangs'],
  ] as const) {
    it(`is not given to a third that ${how}`, async () => {
      start();
      await pool.assign([cluster(HEALTHY, server), cluster(SUSPECT, poisoned(host))]);
      await withheld();
      for (let readings = 0; readings < 10; readings++) await next(HEALTHY, MetricState.ok);
      const { errorText, term } = await next(SUSPECT, MetricState.error);
      expect(errorText).to.match(/^c1: not probed until 20.*its probe thread died again/);
      expect(term).to.equal(7);
      expect(deaths()).to.equal(2);
      const named = lines.filter(({ store }) => store !== undefined);
      expect(new Set(named.map(({ store }) => store))).to.deep.equal(new Set(['c1']));
      expect(lines.at(-1)!.msg).to.include('store is not probed for a while');
      expect((await pool.reach()).get('c1')).to.equal('reached');
    });
  }

  it('is not given to a third that dies of an answer', async () => {
    start();
    const deadly = clusterAssignment(SUSPECT, [server], 99, { metricQuery: DEADLY_QUERY });
    await pool.assign([cluster(HEALTHY, server), deadly]);
    await withheld();
    await next(HEALTHY, MetricState.ok);
    expect((await next(SUSPECT, MetricState.error)).errorText).to.include('c1: not probed');
    expect(deaths()).to.equal(2);
  });

  it('is probed again when its list is another one, and stays so when it is the same', async () => {
    start();
    const healthy = cluster(HEALTHY, server);
    await pool.assign([healthy, cluster(SUSPECT, poisoned(DEADLY))]);
    await withheld();
    await pool.assign([healthy, cluster(SUSPECT, poisoned(DEADLY))]);
    await next(SUSPECT, MetricState.error);
    expect(pool.withheldStores).to.equal(1);
    await pool.assign([healthy, cluster(SUSPECT, server)]);
    await next(SUSPECT, MetricState.ok);
    expect(pool.withheldStores).to.equal(0);
    expect(deaths()).to.equal(2);
  });

  it('has two more trials after a reload', async () => {
    start();
    await pool.assign([cluster(HEALTHY, server), cluster(SUSPECT, poisoned(DEADLY))]);
    await withheld();
    pool.retryWithheld();
    expect(pool.withheldStores).to.equal(0);
    await withheld();
    await next(HEALTHY, MetricState.ok);
    expect(deaths()).to.equal(4);
  });

  it('has one more trial after the pause', async () => {
    start(1_500);
    await pool.assign([cluster(HEALTHY, server), cluster(SUSPECT, poisoned(DEADLY))]);
    await until(() => lines.filter(({ msg }) => msg.includes('for a while')).length === 2);
    expect(lines.filter(({ msg }) => msg === 'store is probed again')).to.have.length(1);
    expect(deaths()).to.equal(3);
  });

  it('leaves its slots when it is removed', async () => {
    start();
    const healthy = cluster(HEALTHY, server);
    await pool.assign([healthy, cluster(SUSPECT, poisoned(DEADLY))]);
    await withheld();
    await pool.assign([healthy]);
    const last = read(SUSPECT);
    await pool.assign([healthy, cluster(2, server)]);
    await next(2, MetricState.ok);
    expect(pool.withheldStores).to.equal(0);
    expect(read(SUSPECT)).to.deep.equal(last);
  });
});
