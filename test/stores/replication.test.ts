/** Replication lag of real servers: a primary, a replica that keeps up, and one that is delayed. */
import { expect } from 'chai';
import type { StoreReading } from '../../src/board/board.js';
import { MetricState } from '../../src/throttle/metric.js';
import { MariaDb, needMariaDb } from '../support/mariadb.js';
import { Probing } from '../support/probing.js';

const SLOT = 0;
const DELAY_SECONDS = 2;

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
