/** The probe with a real server: values, failures and recovery. */

import { expect } from 'chai';
import { monotonicMs } from '../../src/base/clock.js';
import type { ProbeTarget } from '../../src/contracts/stores.js';
import { SimulatedMySQL } from '../../src/demo/simulated-mysql.js';
import { MetricState } from '../../src/throttle/metric.js';
import { MariaDb, needMariaDb } from '../support/mariadb.js';
import { Probing } from '../support/probing.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/until.js';

const SLOT = 3;
const OTHER = 1;

describe('a probe of a real server', () => {
  let server: MariaDb;
  let probing: Probing;
  const proxies: TcpProxy[] = [];

  before(async function () {
    needMariaDb(this);
    server = await MariaDb.start(['--skip-log-bin']);
    await server.run(
      "create user freno identified by 'secret-of-freno'",
      'create database shop',
      'create table shop.load_now (value decimal(10,3))',
      'insert into shop.load_now values (0.25)',
      'grant select on shop.* to freno',
    );
  });

  after(() => server?.stop());

  beforeEach(() => {
    probing = new Probing();
  });

  afterEach(async () => {
    await probing.stop();
    await Promise.all(proxies.splice(0).map((proxy) => proxy.stop()));
  });

  /** Resolves while the server executes a query that sleeps. */
  async function untilQueryRuns(): Promise<void> {
    const sleeping =
      "select count(*) as n from information_schema.processlist where state = 'User sleep'";
    await until(async () => (await server.run(sleeping))[0]!.n !== 0);
  }

  async function proxyToServer(): Promise<TcpProxy> {
    const proxy = await TcpProxy.start(server);
    proxies.push(proxy);
    return proxy;
  }

  const values: ReadonlyArray<readonly [query: string, value: number]> = [
    ['select 0.43', 0.43],
    ['select value from shop.load_now', 0.25],
    ['/* load */ SELECT -5', -5],
    ['with w as (select 7 as n) select n from w', 7],
    ['select 18446744073709551615', 18446744073709552000],
    ["select '12.5'", 12.5],
    ['select 1e2', 100],
    ["show global variables like 'max_connections'", 151],
  ];
  for (const [metricQuery, value] of values) {
    it(`reads ${value} from "${metricQuery}"`, async () => {
      await probing.assign(SLOT, [server], { metricQuery });
      expect(await probing.value(SLOT)).to.equal(value);
    });
  }

  const failures: ReadonlyArray<readonly [query: string, error: RegExp]> = [
    ['select null', /NULL/],
    ["select 'slow'", /"slow", which is not a number/],
    ['select now()', /not a number/],
    ['select 1, 2', /2 columns/],
    ['select 1 union select 2', /2 rows/],
    ['select 1 from dual where false', /no rows/],
    ['select 1 from nowhere.at_all', /Error \d+ \(42\w+\): .*denied/],
    ['select', /Error 1064 \(42000\)/],
  ];
  for (const [metricQuery, error] of failures) {
    it(`reports "${metricQuery}" as an error that names the host`, async () => {
      await probing.assign(SLOT, [server], { metricQuery });
      const text = await probing.error(SLOT);
      expect(text).to.match(error);
      expect(text.startsWith(`${server.address}: `), text).to.equal(true);
    });
  }

  it('publishes a value that changes with the time of its reading', async () => {
    await probing.assign(SLOT, [server], { metricQuery: 'select value from shop.load_now' });
    const first = await probing.until(SLOT, ({ state }) => state === MetricState.ok);
    await server.run('update shop.load_now set value = 9');
    const changed = await probing.until(SLOT, ({ value }) => value === 9);
    expect(changed.readAtMs).to.be.above(first.readAtMs);
    expect(changed.lastHealthyMs, 'last at or below the threshold').to.be.below(changed.readAtMs);
    await server.run('update shop.load_now set value = 0.25');
    await probing.until(
      SLOT,
      ({ value, lastHealthyMs }) => value === 0.25 && lastHealthyMs > changed.readAtMs,
    );
  });

  it('keeps one connection per host', async () => {
    const proxy = await proxyToServer();
    await probing.assign(SLOT, [proxy], { metricQuery: 'select 1' });
    await until(async () => (await probing.statistics()).total >= 5);
    expect(proxy.accepted).to.equal(1);
    const { total, error, latency } = await probing.statistics();
    expect(error).to.equal(0);
    expect(latency.count).to.equal(total);
  });

  it('names user and host, and no password, when the password is wrong', async () => {
    await probing.assign(SLOT, [server], { metricQuery: 'select 1', password: 'wrong-secret' });
    const text = await probing.error(SLOT);
    expect(text).to.match(/Error 1045 \(28000\): Access denied for user 'freno'@/);
    expect(text).to.not.include('wrong-secret');
  });

  it('applies another password at once, and keeps the value until the next reading', async () => {
    await probing.assign(SLOT, [server], { metricQuery: 'select 1' });
    await probing.value(SLOT);
    await probing.assign(SLOT, [server], { metricQuery: 'select 1', password: 'wrong-secret' });
    expect(probing.read(SLOT).state).to.equal(MetricState.ok);
    expect(await probing.error(SLOT)).to.match(/Access denied/);
    await probing.assign(SLOT, [server], { metricQuery: 'select 1' });
    expect(await probing.value(SLOT)).to.equal(1);
  });

  it('uses the configured collation, and names one that is unknown', async () => {
    const metricQuery = "select @@collation_connection = 'latin1_swedish_ci'";
    await probing.assign(SLOT, [server], { metricQuery, collation: 'latin1_swedish_ci' });
    expect(await probing.value(SLOT)).to.equal(1);
    await probing.assign(SLOT, [server], { metricQuery, collation: 'klingon_ci' });
    expect(await probing.error(SLOT)).to.match(/klingon_ci/);
  });

  it('does not query while the value is cached', async () => {
    const cacheMs = 1_500;
    await probing.assign(SLOT, [server], { metricQuery: 'select 1', cacheMs });
    const first = await probing.until(SLOT, ({ state }) => state === MetricState.ok);
    const again = await probing.until(
      SLOT,
      ({ lastHealthyMs }) => lastHealthyMs > first.lastHealthyMs,
    );
    expect(again.readAtMs, 'still healthy by the same reading').to.equal(first.readAtMs);
    const second = await probing.until(SLOT, ({ readAtMs }) => readAtMs > first.readAtMs);
    expect(second.readAtMs - first.readAtMs).to.be.at.least(cacheMs);
  });

  it('shares no cached value with another cluster of the same host and query', async () => {
    const value = (): Promise<number[]> =>
      Promise.all([SLOT, OTHER].map((slot) => probing.value(slot)));
    const metricQuery = 'select lag from changing';
    const changing = await SimulatedMySQL.listen({ value: 1 });
    await probing.assign(SLOT, [changing], { metricQuery, cacheMs: 60_000 });
    await probing.assign(OTHER, [changing], { metricQuery });
    expect(await value()).to.deep.equal([1, 1]);
    changing.setValue(2);
    await probing.until(OTHER, (reading) => reading.value === 2);
    expect(await value()).to.deep.equal([1, 2]);
    await probing.remove(SLOT);
    await probing.remove(OTHER);
    await changing.close();
  });

  describe('a probe and leadership', () => {
    const settings = { metricQuery: 'select 1' };

    it('connects and writes the board only while it probes', async () => {
      const proxy = await proxyToServer();
      probing.lead(false, 1);
      await probing.assign(SLOT, [proxy], settings);
      expect(probing.read(SLOT).state).to.equal(MetricState.nothing);
      expect(proxy.accepted).to.equal(0);
      probing.lead(true, 2);
      const { term } = await probing.until(SLOT, ({ state }) => state === MetricState.ok);
      expect(term).to.equal(2);
      probing.lead(false, 2);
      await until(() => proxy.connections === 0);
      const last = probing.read(SLOT);
      await probing.statistics();
      expect(probing.read(SLOT)).to.deep.equal(last);
    });

    it('discards values of an earlier term, also of a query in flight', async () => {
      await probing.assign(SLOT, [server], { metricQuery: 'select 1 + sleep(0.2)' });
      await probing.value(SLOT);
      await untilQueryRuns();
      const promotedAtMs = monotonicMs();
      probing.lead(true, 2);
      const after = await probing.until(SLOT, ({ term }) => term === 2);
      expect(after.state).to.equal(MetricState.notCollected);
      expect(after.lastHealthyMs).to.equal(0);
      const fresh = await probing.until(SLOT, ({ state }) => state === MetricState.ok);
      expect(fresh.term).to.equal(2);
      expect(fresh.readAtMs).to.be.above(promotedAtMs);
    });
  });

  describe('the hosts of a cluster', () => {
    const DOWN: ProbeTarget = { host: '127.0.0.1', port: 1 };

    it('republishes an empty list before its state expires', async () => {
      await probing.assign(SLOT, []);
      const first = await probing.until(SLOT, ({ state }) => state === MetricState.noHosts);
      await probing.until(SLOT, ({ readAtMs }) => readAtMs > first.readAtMs);
    });

    it('reports a host that refuses connections in the words of Go', async () => {
      await probing.assign(SLOT, [DOWN], { metricQuery: 'select 1' });
      expect(await probing.error(SLOT)).to.equal(
        'dial tcp 127.0.0.1:1: connect: connection refused',
      );
    });

    it('reports a host whose name does not resolve', async () => {
      await probing.assign(SLOT, [{ host: 'nosuch.invalid', port: 3306 }], {
        metricQuery: 'select 1',
      });
      // A resolver may take longer than an attempt to connect may.
      const unknown = /^dial tcp nosuch\.invalid:3306: lookup: /;
      await probing.until(SLOT, ({ errorText }) => unknown.test(errorText));
    });

    it('leaves out only unreachable hosts with IgnoreDialTcpErrors', async () => {
      const settings = { metricQuery: 'select 1', ignoreDialTcpErrors: true };
      await probing.assign(SLOT, [DOWN, server], settings);
      expect(await probing.value(SLOT)).to.equal(1);
      await probing.assign(SLOT, [DOWN, server], { ...settings, password: 'wrong-secret' });
      expect(await probing.error(SLOT)).to.match(/Access denied/);
    });

    it('drops connections and values of removed hosts, and keeps those of the others', async () => {
      const [stays, removed] = [await proxyToServer(), await proxyToServer()];
      const settings = { metricQuery: 'select 1' };
      await probing.assign(SLOT, [removed, stays], settings);
      await probing.value(SLOT);
      await probing.assign(SLOT, [stays], settings);
      expect(probing.read(SLOT).state).to.equal(MetricState.ok);
      await until(() => removed.connections === 0);
      await probing.assign(SLOT, [removed, stays], settings);
      expect(probing.read(SLOT).state, 'the value of the host that is listed again').to.equal(
        MetricState.notCollected,
      );
      await probing.value(SLOT);
      expect(stays.accepted).to.equal(1);
    });

    it('writes with the generation of the assignment', async () => {
      await probing.assign(SLOT, [server], { metricQuery: 'select 1' }, 7);
      expect(
        (await probing.until(SLOT, ({ state }) => state === MetricState.ok)).generation,
      ).to.equal(7);
      await probing.assign(SLOT, [server], { metricQuery: 'select 2' }, 8);
      const { state, generation } = probing.read(SLOT);
      expect({ state, generation }).to.deep.equal({
        state: MetricState.notCollected,
        generation: 8,
      });
      expect(await probing.value(SLOT)).to.equal(2);
    });
  });

  describe('a probe of a failing server', () => {
    it('reports a lost connection at once, and recovers', async () => {
      const proxy = await proxyToServer();
      await probing.assign(SLOT, [proxy], { metricQuery: 'select 1 + sleep(0.5)' });
      await probing.value(SLOT);
      await untilQueryRuns();
      proxy.cut();
      expect(await probing.error(SLOT)).to.match(
        new RegExp(`^read tcp 127.0.0.1:${proxy.port}: (unexpected EOF|connection reset by peer)$`),
      );
      expect(await probing.value(SLOT)).to.equal(1);
    });

    it('reports a timeout within 2.5 s when no data arrives, and recovers', async () => {
      const proxy = await proxyToServer();
      await probing.assign(SLOT, [proxy], { metricQuery: 'select 1' });
      await probing.value(SLOT);
      proxy.drop(true);
      const timedOut = `read tcp 127.0.0.1:${proxy.port}: i/o timeout`;
      expect(await probing.error(SLOT, 2_500)).to.equal(timedOut);
      const { readAtMs } = probing.read(SLOT);
      const later = await probing.until(SLOT, (reading) => reading.readAtMs > readAtMs);
      expect(later.errorText, 'the next attempt').to.equal(timedOut);
      proxy.drop(false);
      expect(await probing.value(SLOT)).to.equal(1);
    });

    it('reports a timeout within 2.5 s when the server is stopped, and recovers', async () => {
      await probing.assign(SLOT, [server], { metricQuery: 'select 1' });
      await probing.value(SLOT);
      await server.freeze();
      try {
        expect(await probing.error(SLOT, 2_500)).to.equal(
          `read tcp ${server.address}: i/o timeout`,
        );
      } finally {
        server.thaw();
      }
      expect(await probing.value(SLOT)).to.equal(1);
    });

    it('backs off from repeated failures, and recovers within two seconds', async () => {
      const proxy = await proxyToServer();
      const settings = { metricQuery: 'select 1', password: 'wrong-secret' };
      await probing.assign(SLOT, [proxy], settings);
      const first = await probing.until(SLOT, ({ state }) => state === MetricState.error);
      await probing.until(SLOT, ({ readAtMs }) => readAtMs > first.readAtMs + 1_500);
      expect(proxy.accepted).to.be.at.most(7);
      await server.run("alter user freno identified by 'wrong-secret'");
      expect(await probing.value(SLOT)).to.equal(1);
      await server.run("alter user freno identified by 'secret-of-freno'");
    });
  });
});
