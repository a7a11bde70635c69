/** pt-online-schema-change with the plugin of this project: a real server, and a real freno. */
import { expect } from 'chai';
import { createConnection } from 'mysql2/promise';
import { STORE, statusOf, TestCluster, VALUE } from '../support/cluster.js';
import { fetchJson, fetchOnce } from '../support/http-client.js';
import { MariaDb, needMariaDb } from '../support/mariadb.js';
import { needPrograms } from '../support/needs.js';
import { type PerconaTool, startSchemaChange } from '../support/percona-toolkit.js';
import { until } from '../support/until.js';

const ROWS = 1_000;
const APP = 'add-column';
const TABLE = { schema: 'shop', name: 'orders' };
const CHANGE = ['--alter', 'add column added int', '--chunk-size', '10', '--chunk-time', '0'];
const TOO_HIGH = 5;

describe('FrenoPlugin.pm in pt-online-schema-change', () => {
  let server: MariaDb;
  let cluster: TestCluster;
  let change: PerconaTool;

  before(async function () {
    needMariaDb(this);
    needPrograms(this, 'pt-online-schema-change');
    [server, cluster] = await Promise.all([MariaDb.start(), TestCluster.start(1)]);
  });

  beforeEach(async () => {
    await value(VALUE, 200);
    await server.run(
      'create or replace database shop',
      'create table shop.orders (id int primary key, note varchar(20))',
      `insert into shop.orders select seq, '' from shop.seq_1_to_${ROWS}`,
    );
  });

  afterEach(async () => {
    await change?.kill();
    await command('unthrottle-app');
  });

  after(async () => {
    await cluster?.stop();
    await server?.stop();
  });

  it('waits before the first rows while the replicas lag, then changes the table', async () => {
    await value(TOO_HIGH, 429);
    change = start();
    await refusals(2);
    expect(await rowsOf('_orders_new')).to.equal(0);
    await value(VALUE, 200);
    const { code, output } = await change.ended;
    expect(code, output).to.equal(0);
    expect(output).to.match(/asked freno \d+ times, waited \d+\.\d s/);
    expect(await rowsOf('orders where added is null')).to.equal(ROWS);
  });

  it('waits between chunks while its app is throttled', async () => {
    await command('throttle-app');
    change = start();
    await refusals(1);
    // The triggers are there, which a held row would block.
    const release = await holdRow(ROWS / 2);
    try {
      await command('unthrottle-app');
      await until(async () => (await rowsOf('_orders_new')) > 0);
      await command('throttle-app');
    } finally {
      release();
    }
    await refusals(2);
    const before = await rowsOf('_orders_new');
    await refusals(2);
    expect(await rowsOf('_orders_new')).to.equal(before);
    expect(before).to.be.within(1, ROWS - 1);
    await command('unthrottle-app');
    expect(await change.ended).to.include({ code: 0 });
  });

  it('cleans up when FRENO_MAX_WAIT has passed', async () => {
    await command('throttle-app');
    change = start({ FRENO_MAX_WAIT: '0.3' });
    const { code, output } = await change.ended;
    expect(code, output).not.to.equal(0);
    expect(output).to.match(/waited .*last response: 417 .*App denied/);
    await expectUnchanged();
  });

  it('ends at once when it is stopped while it waits, as the tool does', async () => {
    await command('throttle-app');
    change = start();
    await refusals(1);
    change.signal('SIGTERM');
    const { code, output } = await change.ended;
    expect(code, output).not.to.equal(0);
    expect(output).to.include('Not dropping the new table');
    expect(await rowsOf('_orders_new')).to.equal(0);
  });

  it('refuses to run where the tool would not ask', async () => {
    change = startSchemaChange(server.port, TABLE, CHANGE, environment());
    const { code, output } = await change.ended;
    expect(code).not.to.equal(0);
    expect(output).to.include('use --check-slave-lag with the DSN of the server itself');
    await expectUnchanged();
  });

  function start(settings: Readonly<Record<string, string>> = {}): PerconaTool {
    const itself = ['--check-slave-lag', `h=127.0.0.1,P=${server.port},u=root`];
    return startSchemaChange(server.port, TABLE, [...CHANGE, ...itself], {
      ...environment(),
      ...settings,
    });
  }

  function environment(): Readonly<Record<string, string>> {
    return { FRENO_URL: cluster.nodes[0]!.url, FRENO_STORE: STORE, FRENO_APP: APP };
  }

  /** Keeps the tool from copying that row, until the function returned is called. */
  async function holdRow(id: number): Promise<() => void> {
    const session = await createConnection({
      host: server.host,
      port: server.port,
      user: 'root',
    });
    await session.query('start transaction');
    await session.query('select * from shop.orders where id = ? for update', [id]);
    return () => session.destroy();
  }

  async function expectUnchanged(): Promise<void> {
    const tables = await server.run<Record<string, string>>('show tables in shop');
    expect(tables.flatMap((row) => Object.values(row))).to.deep.equal(['orders']);
    expect(await server.run('show triggers in shop')).to.deep.equal([]);
  }

  async function rowsOf(table: string): Promise<number> {
    const [row] = await server.run<{ count: number }>(
      `select count(*) as count from shop.${table}`,
    );
    return row!.count;
  }

  /** Resolves when checks show that value. */
  async function value(value: number, status: number): Promise<void> {
    await cluster.fleet.change([{ server: 0, value }]);
    const path = `/check/test/mysql/${STORE}`;
    await until(async () => (await statusOf(cluster.nodes[0]!, path)) === status);
  }

  async function command(name: 'throttle-app' | 'unthrottle-app'): Promise<void> {
    const { status, body } = await fetchOnce(cluster.nodes[0]!.port, `/${name}/${APP}`);
    expect(status, body).to.equal(200);
  }

  /** Resolves when freno has refused the tool that many more times. */
  async function refusals(count: number): Promise<void> {
    const refused = async (): Promise<number> => {
      const vars = await fetchJson(cluster.nodes[0]!.port, '/debug/vars');
      return (vars as Record<string, number>)[`check.${APP}.error`] ?? 0;
    };
    const before = await refused();
    await until(async () => (await refused()) >= before + count);
  }
});
