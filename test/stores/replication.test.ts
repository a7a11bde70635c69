/** Replication lag of real servers: a primary, a replica that keeps up, and one that is delayed. */
import { expect } from 'chai';
import type { StoreReading } from '../../src/board/board.js';
import { type Cell, type Dialect, SimulatedMySQL } from '../../src/demo/simulated-mysql.js';
import { MetricState } from '../../src/throttle/metric.js';
import { MariaDb, needMariaDb } from '../support/mariadb.js';
import { Probing } from '../support/probing.js';

const SLOT = 0;
const DELAY_SECONDS = 2;

type ChannelRow = readonly [name: string, ioRunning: string, sqlRunning: string, lag: Cell];

const isCaughtUp = ({ state, value }: StoreReading): boolean =>
  state === MetricState.ok && value === 0;

describe('replication lag of a real replica', () => {
  let primary: MariaDb;
  let replica: MariaDb;
  let delayed: MariaDb;
  let probing: Probing;
  let writer: NodeJS.Timeout;
  let lastWrite: Promise<unknown> = Promise.resolve();

  before(async function () {
    needMariaDb(this);
    [primary, replica, delayed] = await Promise.all([
      MariaDb.start(['--server-id=1', '--log-bin=binlog']),
      MariaDb.start(['--server-id=2', '--skip-log-bin']),
      MariaDb.start(['--server-id=3', '--skip-log-bin']),
    ]);
    for (const server of [primary, replica, delayed]) await allowFreno(server);
    await primary.run(
      "create user copier identified by 'copier'",
      'grant replication slave on *.* to copier',
    );
    await follow(replica, 0);
    await follow(delayed, DELAY_SECONDS);
    // Lag shows only while there is something to replicate.
    await primary.run('create database shop', 'create table shop.beats (at timestamp(6))');
    writer = setInterval(() => {
      lastWrite = primary.run('insert into shop.beats values (now(6))');
    }, 100);
  });

  after(async () => {
    clearInterval(writer);
    await lastWrite;
    await Promise.all([primary, replica, delayed].map((server) => server?.stop()));
  });

  beforeEach(() => {
    probing = new Probing();
  });

  afterEach(() => probing.stop());

  async function allowFreno(server: MariaDb): Promise<void> {
    await server.run(
      'set session sql_log_bin = 0',
      "create user freno identified by 'secret-of-freno'",
      'grant slave monitor on *.* to freno',
      'set session sql_log_bin = 1',
    );
  }

  async function follow(server: MariaDb, delay: number): Promise<void> {
    await server.run(
      `change master to master_host = '127.0.0.1', master_port = ${primary.port},
        master_user = 'copier',
       master_password = 'copier', master_use_gtid = slave_pos, master_delay = ${delay}`,
      'start slave',
    );
  }

  it('reads 0 from a replica that keeps up', async () => {
    await probing.assign(SLOT, [replica]);
    await probing.until(SLOT, isCaughtUp);
  });

  it('reads the delay of a delayed replica', async () => {
    await probing.assign(SLOT, [delayed]);
    const { value } = await probing.until(SLOT, (reading) => reading.value >= DELAY_SECONDS);
    expect(value).to.be.at.most(DELAY_SECONDS + 2);
  });

  it('takes the lag of the worst replica of a cluster', async () => {
    await probing.assign(SLOT, [delayed, replica]);
    await probing.until(SLOT, ({ value }) => value >= 1);
  });

  it('reports both threads of a stopped replica, until they run again', async () => {
    await probing.assign(SLOT, [replica]);
    await probing.value(SLOT);
    await replica.run('stop slave');
    // The threads stop one after the other.
    const threads = 'Slave_IO_Running=No, Slave_SQL_Running=No';
    const stopped = `${replica.address}: replication not running; ${threads}`;
    await probing.until(SLOT, ({ errorText }) => errorText === stopped);
    await replica.run('start slave sql_thread');
    await probing.until(SLOT, ({ errorText }) => errorText.endsWith('Slave_SQL_Running=Yes'));
    await replica.run('start slave');
    await probing.until(SLOT, isCaughtUp);
  });

  it('reports a replica whose IO thread has stopped, or connects in vain', async () => {
    await probing.assign(SLOT, [replica]);
    await probing.value(SLOT);
    const ioState = (state: string) => {
      const threads = `Slave_IO_Running=${state}, Slave_SQL_Running=Yes`;
      return `${replica.address}: replication not running; ${threads}`;
    };
    await replica.run('stop slave io_thread');
    await probing.until(SLOT, ({ errorText }) => errorText === ioState('No'));
    await replica.run('stop slave', 'change master to master_port = 1', 'start slave');
    await probing.until(SLOT, ({ errorText }) => errorText === ioState('Connecting'));
    await replica.run(
      'stop slave',
      `change master to master_port = ${primary.port}, master_use_gtid = slave_pos`,
      'start slave',
    );
    await probing.until(SLOT, isCaughtUp);
  });

  it('includes every connection of a replica, not only the default one', async () => {
    await probing.assign(SLOT, [replica]);
    await probing.value(SLOT);
    await replica.run(
      `change master 'second' to master_host = '127.0.0.1', master_port = 1,
       master_user = 'absent'`,
    );
    expect(await probing.error(SLOT)).to.match(
      /not running \(channel second\); Slave_IO_Running=No/,
    );
    await replica.run("reset slave 'second' all");
    await probing.until(SLOT, isCaughtUp);
  });

  it('reports an error when replication is not configured', async () => {
    await probing.assign(SLOT, [primary]);
    expect(await probing.error(SLOT)).to.match(/replication is not configured/);
  });
});

describe('replication lag of simulated versions', () => {
  const NOT_RUNNING = /: replication not running/;
  const RECOVERY = 'group_replication_recovery';
  let probing: Probing;
  let server: SimulatedMySQL;

  beforeEach(() => {
    probing = new Probing();
  });

  afterEach(async () => {
    await probing.stop();
    await server.close();
  });

  async function listen(dialect: Dialect, ...rows: ChannelRow[]): Promise<void> {
    server = await SimulatedMySQL.listen({ dialect });
    setChannels(...rows);
    await probing.assign(SLOT, [server]);
  }

  function setChannels(...rows: ChannelRow[]): void {
    server.setChannels(
      rows.map(([name, ioRunning, sqlRunning, lag]) => ({ name, ioRunning, sqlRunning, lag })),
    );
  }

  for (const dialect of ['mysql-5.7', 'mysql-8.0', 'mysql-8.4', 'mariadb'] as const) {
    const ioStates =
      dialect === 'mariadb' ? ['No', 'Connecting', 'Preparing'] : ['No', 'Connecting'];
    for (const io of ioStates) {
      it(`is an error on ${dialect} when the IO thread is "${io}", although it is 0`, async () => {
        await listen(dialect, ['', 'Yes', 'Yes', 0]);
        expect(await probing.value(SLOT)).to.equal(0);
        setChannels(['', io, 'Yes', 0]);
        const text = await probing.error(SLOT);
        expect(text)
          .to.match(NOT_RUNNING)
          .and.to.match(new RegExp(`_IO_Running=${io}, `));
        setChannels(['', 'Yes', 'Yes', 3]);
        expect(await probing.value(SLOT)).to.equal(3);
      });
    }

    it(`is an error on ${dialect} when the SQL thread of one channel has stopped`, async () => {
      await listen(dialect, ['a', 'Yes', 'Yes', 0], ['b', 'Yes', 'No', 0]);
      expect(await probing.error(SLOT)).to.match(/\(channel b\); \w+=Yes, \w+_SQL_Running=No$/);
    });
  }

  for (const dialect of ['mysql-5.7', 'mysql-8.0', 'mysql-8.4'] as const) {
    it(`leaves out the idle recovery channel of a group member on ${dialect}`, async () => {
      await listen(dialect, [RECOVERY, 'No', 'No', null], ['dc2', 'Yes', 'Yes', 4]);
      expect(await probing.value(SLOT)).to.equal(4);
      setChannels([RECOVERY, 'No', 'No', null], ['dc2', 'Connecting', 'Yes', 0]);
      expect(await probing.error(SLOT)).to.match(/\(channel dc2\)/);
    });

    it(`is not configured on ${dialect} when only group replication runs`, async () => {
      await listen(dialect, [RECOVERY, 'No', 'No', null]);
      const text = await probing.error(SLOT);
      expect(text)
        .to.match(/: replication is not configured/)
        .and.to.include(
          'count_transactions_remote_in_applier_queue of replication_group_member_stats',
        );
    });

    it(`includes the recovery channel on ${dialect} while it runs`, async () => {
      await listen(dialect, [RECOVERY, 'Yes', 'Yes', 70], ['dc2', 'Yes', 'Yes', 4]);
      expect(await probing.value(SLOT)).to.equal(70);
      setChannels([RECOVERY, 'Connecting', 'Yes', 0], ['dc2', 'Yes', 'Yes', 4]);
      expect(await probing.error(SLOT)).to.match(/\(channel group_replication_recovery\)/);
    });
  }

  it('is not configured on a server without channels', async () => {
    await listen('mysql-8.0');
    expect(await probing.error(SLOT)).to.match(/: replication is not configured \(/);
  });
});
