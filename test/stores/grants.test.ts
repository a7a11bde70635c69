/** Privileges of a real server that are granted while freno probes it. */
import { expect } from 'chai';
import { MetricState } from '../../src/throttle/metric.js';
import { MariaDb, needMariaDb } from '../support/mariadb.js';
import { Probing } from '../support/probing.js';
import { TcpProxy } from '../support/tcp-proxy.js';

const SLOT = 0;

describe('a privilege that is granted late', () => {
  let server: MariaDb;
  let proxy: TcpProxy;
  let probing: Probing;

  before(async function () {
    needMariaDb(this);
    server = await MariaDb.start(['--skip-log-bin']);
    await server.run('create database shop', 'create table shop.load_now (value int)');
    await server.run('insert into shop.load_now values (7)');
  });

  after(() => server?.stop());

  beforeEach(async () => {
    await server.run("create user freno identified by 'secret-of-freno'");
    proxy = await TcpProxy.start(server);
    probing = new Probing();
  });

  afterEach(async () => {
    await probing.stop();
    await proxy.stop();
    await server.run('drop user freno');
  });

  async function aborted(): Promise<number> {
    const query = "show global status like 'Aborted_clients'";
    return Number((await server.run<{ Value: string }>(query))[0]!.Value);
  }

  const grants: ReadonlyArray<readonly [grant: string, query: string, after: RegExp | number]> = [
    // Global privileges count for new connections only.
    ['slave monitor on *.*', '', /: replication is not configured/],
    ['replica monitor on *.*', '', /: replication is not configured/],
    ['select on *.*', 'select value from shop.load_now', 7],
    ['select on shop.*', 'select value from shop.load_now', 7],
    ['select (value) on shop.load_now', 'select value from shop.load_now', 7],
    ['process on *.*', 'select count(*) * 0 from information_schema.innodb_trx', 0],
  ];
  for (const [grant, metricQuery, after] of grants) {
    it(`is noticed: ${grant}`, async () => {
      await probing.assign(SLOT, [proxy], { metricQuery });
      expect(await probing.error(SLOT)).to.match(/Error (1142|1227) \(42000\)/);
      await server.run(`grant ${grant} to freno`);
      if (typeof after === 'number') expect(await probing.value(SLOT)).to.equal(after);
      else await probing.until(SLOT, ({ errorText }) => after.test(errorText));
    });
  }

  it('costs a connection a second while it is missing, and none afterwards', async () => {
    const before = await aborted();
    await probing.assign(SLOT, [proxy], { metricQuery: 'select value from shop.load_now' });
    const { readAtMs } = await probing.until(SLOT, ({ state }) => state === MetricState.error);
    await probing.until(SLOT, (later) => later.readAtMs > readAtMs + 2_500);
    expect(proxy.accepted).to.be.within(3, 8);
    expect(await aborted(), 'connections closed without COM_QUIT').to.equal(before);
    await server.run('grant select on shop.* to freno');
    await probing.value(SLOT);
    const { accepted } = proxy;
    const { total } = await probing.statistics();
    while ((await probing.statistics()).total < total + 10) await probing.value(SLOT);
    expect(proxy.accepted).to.equal(accepted);
  });
});
