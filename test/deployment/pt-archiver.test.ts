/**
 * pt-archiver with the plugin of this project: a real primary, its real replica, and freno, which
 * measures the replica's lag.
 */
import { expect } from 'chai';
import { createConnection } from 'mysql2/promise';
import { createNodes, type FrenoNode } from '../../src/demo/freno-node.js';
import { freePorts, TemporaryDirectory } from '../../src/demo/temporary.js';
import { fetchJson, fetchOnce } from '../support/http-client.js';
import { MariaDb, needMariaDb } from '../support/mariadb.js';
import { needPrograms } from '../support/needs.js';
import { type PerconaTool, startArchiver } from '../support/percona-toolkit.js';
import { until } from '../support/until.js';

const ROWS = 2_000;
const BATCH = ['--limit', '10', '--commit-each'];
const BEAT_MS = 50;
const APP = 'nightly archive';
/** By another app: the archiver's refusals are counted. */
const CHECK = '/check/test/mysql/main';
const TABLE = { schema: 'shop', name: 'orders' };

describe('FrenoThrottler.pm in pt-archiver', () => {
  let primary: MariaDb;
  let replica: MariaDb;
  let directory: TemporaryDirectory;
  let node: FrenoNode;
  let archiver: PerconaTool;
  let beats: NodeJS.Timeout;
  let lastBeat: Promise<unknown> = Promise.resolve();

  before(async function () {
    needMariaDb(this);
    needPrograms(this, 'pt-archiver');
    [primary, replica] = await Promise.all([
      MariaDb.start(['--server-id=1', '--log-bin=binlog', '--binlog-format=row']),
      MariaDb.start(['--server-id=2', '--skip-log-bin']),
    ]);
    await primary.run(
      "create user copier identified by 'copier'",
      'grant replication slave on *.* to copier',
      "create user freno identified by 'freno'",
      'grant select on *.* to freno',
      'create database shop',
      'create table shop.beat (at timestamp(6) not null)',
      'insert into shop.beat values (now(6))',
      'create table shop.orders (id int primary key, note varchar(20))',
    );
    await replica.run(
      `change master to master_host = '127.0.0.1', master_port = ${primary.port},
       master_user = 'copier', master_password = 'copier', master_use_gtid = slave_pos`,
      'start slave',
    );
    beats = setInterval(() => {
      lastBeat = primary.run('update shop.beat set at = now(6)');
    }, BEAT_MS);
    directory = new TemporaryDirectory();
    [node] = (await createNodes(1, directory.path, { Stores: storesOn(replica.address) })) as [
      FrenoNode,
    ];
    await node.start().waitFor(CHECK, 200);
  });

  after(async () => {
    clearInterval(beats);
    await lastBeat;
    await node?.stop();
    await Promise.all([primary?.stop(), replica?.stop()]);
    directory?.remove();
  });

  beforeEach(async () => {
    await primary.run(
      'truncate shop.orders',
      `insert into shop.orders select seq, '' from shop.seq_1_to_${ROWS}`,
    );
  });

  afterEach(async () => {
    await archiver?.kill();
    await command('unthrottle-app');
  });

  it('waits while the replica lags, and archives when it has caught up', async () => {
    await replica.run('stop slave sql_thread');
    await until(async () => (await statusOfCheck()) === 429);
    archiver = start(BATCH);
    await refusals(3);
    expect(await rowsLeft()).to.equal(ROWS);
    await replica.run('start slave sql_thread');
    const { code, output } = await archiver.ended;
    expect(code, output).to.equal(0);
    expect(await rowsLeft()).to.equal(0);
    expect(output).to.match(/asked freno \d+ times, waited \d+\.\d s/);
  });

  for (const options of [BATCH, ['--limit', '100', '--txn-size', '10'], ['--limit', '10']]) {
    it(`pauses between transactions without locks: ${options.join(' ')}`, async () => {
      const release = await holdRow(ROWS / 2);
      try {
        archiver = start(options);
        await until(async () => (await rowsLeft()) < ROWS);
        await command('throttle-app');
      } finally {
        release();
      }
      await refusals(2);
      const left = await rowsLeft();
      await refusals(2);
      expect(await rowsLeft()).to.equal(left);
      expect(left).to.be.within(1, ROWS - 1);
      await primary.run('set innodb_lock_wait_timeout = 1', "update shop.orders set note = 'free'");
      await command('unthrottle-app');
      expect(await archiver.ended).to.include({ code: 0 });
      expect(await rowsLeft()).to.equal(0);
    });
  }

  describe('a signal while it waits', () => {
    beforeEach(() => command('throttle-app'));

    it('stops by itself and leaves the rows', async () => {
      archiver = start(BATCH);
      await refusals(1);
      archiver.signal('SIGTERM');
      expect(await archiver.ended).to.include({ code: 0 });
      expect(await rowsLeft()).to.equal(ROWS);
    });

    it('stops with an error and leaves the rows with --bulk-delete', async () => {
      archiver = start(['--limit', '10', '--bulk-delete', '--commit-each']);
      await refusals(1);
      archiver.signal('SIGTERM');
      const { code, output } = await archiver.ended;
      expect(code).not.to.equal(0);
      expect(output).to.include('stopped while it waited for freno');
      expect(await rowsLeft()).to.equal(ROWS);
    });

    it('stops when --run-time has passed', async () => {
      archiver = start([...BATCH, '--run-time', '1']);
      expect(await archiver.ended).to.include({ code: 0 });
      expect(await rowsLeft()).to.equal(ROWS);
    });

    it('stops with an error after FRENO_MAX_WAIT', async () => {
      archiver = start(BATCH, { FRENO_MAX_WAIT: '0.5' });
      const { code, output } = await archiver.ended;
      expect(code).not.to.equal(0);
      expect(output).to.match(/waited .*last response: 417 .*App denied/);
      expect(await rowsLeft()).to.equal(ROWS);
    });
  });

  describe('when freno is unreachable', () => {
    let nowhere: string;

    before(async () => {
      const [port] = await freePorts(1);
      nowhere = `http://127.0.0.1:${port}`;
    });

    it('stops with an error if configured so', async () => {
      archiver = start(BATCH, {
        FRENO_URL: nowhere,
        FRENO_UNREACHABLE: 'die',
        FRENO_UNREACHABLE_AFTER: '0.3',
      });
      const { code, output } = await archiver.ended;
      expect(code).not.to.equal(0);
      expect(output).to.match(/no response for .*FRENO_UNREACHABLE=die/);
      expect(await rowsLeft()).to.equal(ROWS);
    });

    it('continues without freno if configured so, and logs it', async () => {
      archiver = start(BATCH, {
        FRENO_URL: nowhere,
        FRENO_UNREACHABLE: 'proceed',
        FRENO_UNREACHABLE_AFTER: '0.3',
      });
      const { code, output } = await archiver.ended;
      expect(code, output).to.equal(0);
      expect(output).to.include('goes on WITHOUT freno');
      expect(await rowsLeft()).to.equal(0);
    });
  });

  it('refuses to start with malformed settings, and names them', async () => {
    for (const [setting, value, complaint] of [
      ['FRENO_STORE', '', 'must set FRENO_STORE'],
      ['FRENO_UNREACHABLE', 'hope', "FRENO_UNREACHABLE is 'hope'"],
      ['FRENO_MAX_WAIT', 'long', "FRENO_MAX_WAIT is 'long'"],
    ] as const) {
      archiver = start(BATCH, { [setting]: value });
      const { code, output } = await archiver.ended;
      expect(code).not.to.equal(0);
      expect(output).to.include(complaint);
    }
    expect(await rowsLeft()).to.equal(ROWS);
  });

  function start(
    options: readonly string[],
    environment: Readonly<Record<string, string>> = {},
  ): PerconaTool {
    return startArchiver(primary.port, TABLE, options, {
      FRENO_URL: node.url,
      FRENO_STORE: 'main',
      FRENO_APP: APP,
      ...environment,
    });
  }

  /**
   * Keeps the archiver from getting further than that row, until the function returned is called.
   */
  async function holdRow(id: number): Promise<() => void> {
    const { host, port } = primary;
    const session = await createConnection({ host, port, user: 'root', database: TABLE.schema });
    await session.query('begin');
    await session.query(`select id from ${TABLE.name} where id = ${id} for update`);
    return () => session.destroy();
  }

  async function rowsLeft(): Promise<number> {
    const [row] = await primary.run('select count(*) as count from shop.orders');
    return Number(row!.count);
  }

  async function statusOfCheck(): Promise<number> {
    return (await fetchOnce(node.port, CHECK)).status;
  }

  async function command(name: 'throttle-app' | 'unthrottle-app'): Promise<void> {
    const path = `/${name}/${encodeURIComponent(APP)}`;
    const { status, body } = await fetchOnce(node.port, path);
    expect(status, body).to.equal(200);
  }

  /** Resolves when freno has refused the archiver that many more times. */
  async function refusals(count: number): Promise<void> {
    const name = `check.${APP}.error`;
    const refused = async (): Promise<number> => {
      // A thread that does not answer in time is left out.
      const vars = await until(async () => {
        const vars = (await fetchJson(node.port, '/debug/vars')) as Record<string, number>;
        return 'check.any.total' in vars && vars;
      });
      return vars[name] ?? 0;
    };
    const before = await refused();
    await until(async () => (await refused()) >= before + count);
  }
});

function storesOn(host: string): Readonly<Record<string, unknown>> {
  return {
    MySQL: {
      User: 'freno',
      Password: 'freno',
      MetricQuery: 'select unix_timestamp(now(6)) - unix_timestamp(at) from shop.beat',
      ThrottleThreshold: 1,
      Clusters: { main: { StaticHostsSettings: { Hosts: [host] } } },
    },
  };
}
