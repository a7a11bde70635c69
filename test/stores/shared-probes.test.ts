/** Stores that ask a host the same: they share its probe. */
import { expect } from 'chai';
import { resultSet } from '../../src/demo/mysql/packets.js';
import { SimulatedMySQL } from '../../src/demo/simulated-mysql.js';
import { MetricHost, type ReadMetric } from '../../src/stores/prober/metric-host.js';
import { metricOf } from '../../src/stores/prober/mysql/metric.js';
import { SharedQuery } from '../../src/stores/prober/shared-query.js';
import { MetricState } from '../../src/throttle/metric.js';
import type { MetricChanges } from '../support/cluster-settings.js';
import { OddMySQL } from '../support/odd-mysql.js';
import { Probing } from '../support/probing.js';
import { until } from '../support/until.js';

const ONE = 1;
const OTHER = 2;
const STORES = Array.from({ length: 20 }, (_, slot) => slot + 1);
const QUERY = { metricQuery: 'select 1' };

describe('a host of several stores', () => {
  let probing: Probing;
  let server: SimulatedMySQL;

  beforeEach(async () => {
    probing = new Probing();
    server = await SimulatedMySQL.listen({ value: 0.5 });
  });

  afterEach(async () => {
    await probing.stop();
    await server.close();
  });

  /** Resolves when that store has a value that was read later. */
  async function fresh(slot: number): Promise<void> {
    const { readAtMs } = probing.read(slot);
    await probing.until(slot, (reading) => reading.readAtMs > readAtMs);
  }

  async function probesOf(slot: number): Promise<number> {
    const { stores } = await probing.statistics();
    return stores.find(({ store }) => store === `c${slot}`)!.total;
  }

  it('has one connection and one probe, whose value is that of each store', async () => {
    for (const slot of STORES) await probing.assign(slot, [server], QUERY);
    for (const slot of STORES) expect(await probing.value(slot)).to.equal(0.5);
    expect(server.connections).to.equal(1);
    const before = await probing.statistics();
    const queries = server.queries;
    for (let round = 0; round < 10; round++) await fresh(ONE);
    const asked = server.queries - queries;
    expect(asked).to.be.within(10, 2 * STORES.length);
    const { total, stores } = await probing.statistics();
    expect(total - before.total, 'of the thread').to.be.within(10, asked + 2);
    for (const [index, { total: ofStore }] of stores.entries()) {
      expect(ofStore - before.stores[index]!.total, `of store ${index}`).to.be.within(9, asked + 2);
    }
    expect(new Set(STORES.map((slot) => probing.read(slot).readAtMs)).size).to.equal(1);
  });

  it('is read by each with its own threshold, rules and error', async () => {
    await probing.assign(ONE, [server], { ...QUERY, threshold: 0.1 });
    await probing.assign(OTHER, [server], { ...QUERY, ignoreDialTcpErrors: true });
    await probing.value(ONE);
    await probing.value(OTHER);
    expect(probing.read(ONE).lastHealthyMs).to.equal(0);
    expect(probing.read(OTHER).lastHealthyMs).to.be.above(0);
    await server.setFault({ kind: 'refuse' });
    expect(await probing.error(ONE)).to.match(/connection refused|broken pipe/);
    await probing.until(OTHER, ({ state }) => state === MetricState.noHosts);
  });

  const differences: ReadonlyArray<readonly [string, MetricChanges]> = [
    ['user', { user: 'other' }],
    ['password', { password: 'other' }],
    ['collation', { collation: 'utf8mb4_bin' }],
    ['query', { metricQuery: 'select 2' }],
    ['time for which values are reused', { cacheMs: 1_000 }],
    ['unit', { measured: { kind: 'query', query: 'select 1', factor: 1000 } }],
    ['kind', { measured: { kind: 'rate', query: 'select 1' } }],
  ];
  for (const [what, changes] of differences) {
    it(`has a probe of its own where another store has another ${what}`, async () => {
      await probing.assign(ONE, [server], QUERY);
      await probing.assign(OTHER, [server], { ...QUERY, ...changes });
      await probing.value(ONE);
      await probing.value(OTHER);
      expect(server.connections).to.equal(2);
    });
  }

  it('is read at once for a store that joins, whatever is reused', async () => {
    const cached = { ...QUERY, cacheMs: 60_000 };
    await probing.assign(ONE, [server], cached);
    await probing.value(ONE);
    server.setValue(0.75);
    await probing.assign(OTHER, [server], cached);
    expect(await probing.value(OTHER)).to.equal(0.75);
    expect(await probing.value(ONE), 'the value counts for both').to.equal(0.75);
    expect(server.connections).to.equal(1);
  });

  it('is read at once for a store that joins while a query is in flight', async () => {
    let answer = (): void => undefined;
    let asked = 0;
    const slow = await OddMySQL.listen(() => ({
      answer: (sql, socket) => {
        if (sql !== 'select 1' || ++asked > 1) return null;
        const early = resultSet([{ name: 'value', type: 'number' }], [[0.25]]);
        answer = () => socket.write(early);
        return Buffer.alloc(0);
      },
    }));
    try {
      const cached = { ...QUERY, cacheMs: 60_000 };
      await probing.assign(ONE, [slow], cached);
      await until(() => asked > 0);
      await probing.assign(OTHER, [slow], cached);
      answer();
      expect(await probing.value(OTHER)).to.equal(0.5);
    } finally {
      await slow.close();
    }
  });

  it('counts no more at once where it is not listed, and goes on for others', async () => {
    const second = await SimulatedMySQL.listen({ value: 0.25 });
    try {
      await probing.assign(ONE, [server, second], QUERY);
      await probing.assign(OTHER, [server], QUERY);
      expect(await probing.value(ONE)).to.equal(0.5);
      await probing.assign(ONE, [second], QUERY);
      expect(probing.read(ONE).value).to.equal(0.25);
      await fresh(OTHER);
      expect(server.connections).to.equal(1);
      await probing.remove(OTHER);
      await until(() => server.connections === 0);
      await fresh(ONE);
    } finally {
      await second.close();
    }
  });

  it('keeps the connection of each store when one asks for something else', async () => {
    await probing.assign(ONE, [server], QUERY);
    await probing.assign(OTHER, [server], QUERY);
    await probing.value(OTHER);
    await probing.assign(ONE, [server], { metricQuery: 'select 2' }, 100);
    await probing.until(
      ONE,
      ({ generation, state }) => generation === 100 && state === MetricState.ok,
    );
    await fresh(OTHER);
    expect(server.connections).to.equal(2);
    await probing.assign(ONE, [server], QUERY, 101);
    await probing.until(
      ONE,
      ({ generation, state }) => generation === 101 && state === MetricState.ok,
    );
    await until(() => server.connections === 1);
    expect(await probesOf(OTHER)).to.be.above(0);
  });

  it('keeps its one connection when the only store asks for something else', async () => {
    const odd = await OddMySQL.listen();
    try {
      await probing.assign(ONE, [odd], QUERY);
      await probing.value(ONE);
      await probing.assign(ONE, [odd], { metricQuery: 'select 2' }, 100);
      await probing.until(
        ONE,
        ({ generation, state }) => generation === 100 && state === MetricState.ok,
      );
      expect(odd.accepted).to.equal(1);
    } finally {
      await odd.close();
    }
  });

  it('has one login that is not answered, and an error of each store', async () => {
    await server.setFault({ kind: 'hang' });
    for (const slot of STORES) await probing.assign(slot, [server], QUERY);
    for (const slot of STORES) expect(await probing.error(slot)).to.include('i/o timeout');
    expect(server.connections).to.equal(1);
    await server.setFault({ kind: 'none' });
    for (const slot of STORES) expect(await probing.value(slot)).to.equal(0.5);
    expect(server.connections).to.equal(1);
  });

  it('is read again by all of them under another term', async () => {
    for (const slot of [ONE, OTHER])
      await probing.assign(slot, [server], { ...QUERY, cacheMs: 60_000 });
    for (const slot of [ONE, OTHER]) await probing.value(slot);
    probing.lead(true, 2);
    for (const slot of [ONE, OTHER]) {
      await probing.until(slot, ({ term, state }) => term === 2 && state === MetricState.ok);
    }
    expect(server.connections).to.equal(1);
    probing.lead(false, 2);
    await until(() => server.connections === 0);
  });
});

describe('a reading of several stores', () => {
  const uncounted = { finished: () => undefined, failed: () => undefined };
  const asked = {
    measured: metricOf({ kind: 'query', query: 'select 1' })!,
    ...{ queryKey: 'select 1', cacheMs: 0 },
  };

  /** A host of a store with all that its metric gets; `values` throws if that is null. */
  function reader(values: number[] | null, failures: string[]): MetricHost {
    const metric: ReadMetric = {
      ...{ label: '', counters: uncounted, hostLate: () => undefined },
      hostSucceeded: (_host, value) => {
        if (values === null) throw new Error('no place for it');
        values.push(value);
      },
      hostFailed: (_host, { text }) => failures.push(text),
    };
    const host = new MetricHost(metric, asked);
    host.index = 0;
    return host;
  }

  it('is an error of the store that throws, and the value of the others', () => {
    const values: number[] = [];
    const failures: string[] = [];
    const throwing = reader(null, failures);
    const query = new SharedQuery(throwing, uncounted);
    for (const each of [throwing, reader(values, [])]) query.add(each);
    query.succeeded(0.5, 1_000, 1_001);
    expect(values).to.deep.equal([0.5]);
    expect(failures).to.have.length(1);
    expect(failures[0]).to.include('no place for it');
  });
});
