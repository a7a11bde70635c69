/** One store of a primary with load and a replica with lag: real servers behind a real HAProxy. */
import { expect } from 'chai';
import { createConnection } from 'mysql2/promise';
import type { FrenoNode } from '../../src/demo/freno-node.js';
import { TestCluster } from '../support/cluster.js';
import { HAProxy } from '../support/haproxy.js';
import { fetchJson, fetchOnce } from '../support/http-client.js';
import { MariaDb, needMariaDb } from '../support/mariadb.js';
import { needPrograms } from '../support/needs.js';
import { until } from '../support/until.js';

const CHECK = '/check/archive/mysql/field';
const LOGIN = { User: 'freno', Password: 'secret-of-freno' };
const RUNNING_MAX = 5;
const DELAY_SECONDS = 2;

interface FieldStore {
  readonly Metrics: ReadonlyArray<Readonly<Record<string, unknown>>>;
}

describe('a store of a real primary and a real replica', function () {
  this.timeout(60_000);
  const ends: Array<() => unknown> = [];
  let primary: MariaDb;
  let replica: MariaDb;
  let cluster: TestCluster;

  before(async function () {
    needMariaDb(this);
    needPrograms(this, 'haproxy');
    [primary, replica] = await Promise.all([
      MariaDb.start(['--server-id=1', '--log-bin=binlog']),
      MariaDb.start(['--server-id=2', '--skip-log-bin']),
    ]);
    ends.push(() => Promise.all([primary.stop(), replica.stop()]));
    for (const server of [primary, replica]) {
      await server.run(
        'set session sql_log_bin = 0',
        `create user ${LOGIN.User} identified by '${LOGIN.Password}'`,
        `grant slave monitor on *.* to ${LOGIN.User}`,
        'set session sql_log_bin = 1',
      );
    }
    await primary.run(
      "create user copier identified by 'copier'",
      'grant replication slave on *.* to copier',
      'create database shop',
      'create table shop.beats (at timestamp(6))',
    );
    await replica.run(
      `change master to master_host = '127.0.0.1', master_port = ${primary.port},
       master_user = 'copier', master_password = 'copier', master_use_gtid = slave_pos`,
      'start slave',
    );
    const proxy = await HAProxy.start({
      sections: `backend main_rw\n  server ${primary.address} ${primary.address}`,
    });
    ends.push(() => proxy.stop());
    const field = {
      StaticHostsSettings: { Hosts: [replica.address] },
      Metrics: {
        threads_running: {
          Threshold: RUNNING_MAX,
          Hosts: {
            HAProxySettings: { Host: '127.0.0.1', Port: proxy.port, PoolName: 'main_rw' },
          },
        },
        tried: { Query: 'select 42', Threshold: 1, Mode: 'observe' },
      },
    };
    const MySQL = { ...LOGIN, MetricQuery: '', ThrottleThreshold: 1, Clusters: { field } };
    cluster = await TestCluster.start(3, { Stores: { MySQL } });
    ends.push(() => cluster.stop());
  });

  after(async () => {
    for (const end of ends.reverse()) await end();
  });

  /** Statements that run on the primary until the returned function is called. */
  async function load(): Promise<() => Promise<void>> {
    const { host, port } = primary;
    const login = { user: LOGIN.User, password: LOGIN.Password };
    const connections = await Promise.all(
      Array.from({ length: 2 * RUNNING_MAX }, () => createConnection({ host, port, ...login })),
    );
    for (const connection of connections) {
      connection.query('select sleep(60)').catch(() => undefined);
    }
    return async () => {
      const ids = connections.map(({ threadId }) => `kill ${threadId}`);
      for (const connection of connections) connection.destroy();
      await primary.run(...ids);
    };
  }

  async function explained(node: FrenoNode): Promise<Readonly<Record<string, unknown>>> {
    return JSON.parse((await fetchOnce(node.port, `${CHECK}?verbose=1`)).body);
  }

  it('passes while both are well, whatever a metric says that is only observed', async () => {
    const leader = await cluster.leader();
    await leader.process.waitFor(CHECK, 200);
    const { Metrics } = (await fetchJson(leader.port, '/stores/mysql/field')) as FieldStore;
    expect(
      Metrics.map(({ Metric, Mode, State, Host }) => [Metric, Mode, State, Host]),
    ).to.deep.equal([
      ['lag', 'enforce', 'within', replica.address],
      ['threads_running', 'enforce', 'within', primary.address],
      ['tried', 'observe', 'above', replica.address],
    ]);
  });

  it('waits for the load of the primary, and a fail-over later for its end', async () => {
    const leader = await cluster.leader();
    await leader.process.waitFor(CHECK, 200);
    const endLoad = await load();
    await leader.process.waitFor(CHECK, 429);
    const { Metric, Host, Why } = await explained(leader);
    expect({ Metric, Host }).to.deep.equal({ Metric: 'threads_running', Host: primary.address });
    expect(Why).to.match(/^waits: threads_running on \S+ is \d+, above 5/);
    expect((await fetchOnce(leader.port, `${CHECK}?metric=lag`)).status).to.equal(200);
    const waiting = fetchOnce(leader.port, `${CHECK}?wait=60`).catch(() => 'closed' as const);
    leader.process.signal('SIGKILL');
    expect(await waiting).to.equal('closed');
    const next = await cluster.leader(cluster.others(leader));
    await next.process.waitFor(CHECK, 429);
    const again = fetchOnce(next.port, `${CHECK}?wait=60`);
    await endLoad();
    expect((await again).status).to.equal(200);
    await cluster.heal();
  });

  it('waits for the lag of the replica', async () => {
    const leader = await cluster.leader();
    await replica.run(
      'stop slave',
      `change master to master_delay = ${DELAY_SECONDS}`,
      'start slave',
    );
    await until(async () => {
      // Lag shows only while there is something to replicate.
      await primary.run('insert into shop.beats values (now(6))');
      return (await leader.process.status(CHECK)) === 429;
    });
    const { Metric, Host, Why } = await explained(leader);
    expect({ Metric, Host }).to.deep.equal({ Metric: 'lag', Host: replica.address });
    expect(Why).to.match(/^waits: lag on \S+ is \d+ s, above 1 s/);
    await replica.run('stop slave', 'change master to master_delay = 0', 'start slave');
    await leader.process.waitFor(CHECK, 200);
  });
});
