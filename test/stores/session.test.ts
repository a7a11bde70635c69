/** What a probe sets in its session, with real servers whose defaults are others. */
import { expect } from 'chai';
import { readingSession, writingSession } from '../../src/base/mysql/session.js';
import { MetricState } from '../../src/throttle/metric.js';
import { MariaDb, needMariaDb } from '../support/mariadb.js';
import { Probing } from '../support/probing.js';
import { readFromRoot } from '../support/sources.js';

const SLOT = 0;

/** Sessions of freno that have a transaction open between two probes. */
const OPEN_TRANSACTIONS =
  'select count(*) as n from information_schema.innodb_trx where trx_mysql_thread_id in ' +
  "(select id from information_schema.processlist where user = 'freno' and command = 'Sleep')";

describe('the session of a probe', () => {
  let server: MariaDb;
  let probing: Probing;

  beforeEach(() => {
    probing = new Probing();
  });

  afterEach(async () => {
    await probing.stop();
    await server?.stop();
  });

  async function start(...options: string[]): Promise<void> {
    server = await MariaDb.start(['--skip-log-bin', ...options]);
    await server.run(
      'set session autocommit = 1',
      "create user freno identified by 'secret-of-freno'",
      'create database shop',
      'create table shop.load_now (value decimal(10,3))',
      'insert into shop.load_now values (0.1)',
      'grant select, delete on shop.* to freno',
    );
  }

  before(function () {
    needMariaDb(this);
  });

  const defaults: ReadonlyArray<readonly [where: string, ...options: string[]]> = [
    ['set globally', '--autocommit=0'],
    ['set by init_connect', '--init-connect=SET autocommit=0'],
    [
      'at SERIALIZABLE, set by init_connect in a transaction',
      '--transaction-isolation=SERIALIZABLE',
      '--init-connect=SET autocommit=0; SELECT * FROM shop.load_now',
    ],
  ];
  for (const [where, ...options] of defaults) {
    it(`reads values that change on a server with autocommit=0 ${where}`, async () => {
      await start(...options);
      await probing.assign(SLOT, [server], { metricQuery: 'select value from shop.load_now' });
      expect(await probing.value(SLOT)).to.equal(0.1);
      await server.run('update shop.load_now set value = 9');
      await probing.until(SLOT, ({ value }) => value === 9);
      for (let reading = 0; reading < 5; reading++) {
        const [row] = await server.run<{ n: number }>(OPEN_TRANSACTIONS);
        expect(row!.n, 'transactions of idle probes').to.equal(0);
        const { readAtMs } = probing.read(SLOT);
        await probing.until(SLOT, (later) => later.readAtMs > readAtMs);
      }
    });
  }

  const settings: ReadonlyArray<readonly [variable: string, value: number]> = [
    ['autocommit', 1],
    ["tx_isolation = 'READ-COMMITTED'", 1],
    ['tx_read_only', 1],
    ['lock_wait_timeout', 1],
    ['innodb_lock_wait_timeout', 1],
    ['max_statement_time', 1.2],
  ];
  it('has its own isolation, time limits and read-only mode', async () => {
    await start('--init-connect=SET autocommit=0, max_statement_time=30');
    for (const [variable, value] of settings) {
      await probing.assign(SLOT, [server], { metricQuery: `select @@session.${variable}` });
      expect(await probing.value(SLOT), variable).to.equal(value);
    }
  });

  it('keeps the time zone and the SQL mode of the server', async () => {
    await start('--default-time-zone=+05:00', '--sql-mode=ANSI_QUOTES');
    for (const variable of ["time_zone = '+05:00'", "sql_mode like 'ANSI_QUOTES%'"]) {
      await probing.assign(SLOT, [server], { metricQuery: `select @@session.${variable}` });
      expect(await probing.value(SLOT), variable).to.equal(1);
    }
  });

  it('measures the lag of a heartbeat in UTC by the documented query, in any zone', async () => {
    await start('--default-time-zone=+05:00');
    const written = "date_format(utc_timestamp(6) - interval 90 second, '%Y-%m-%dT%H:%i:%s.%f')";
    await server.run(
      'create database meta',
      'create table meta.heartbeat (ts varchar(26))',
      `insert into meta.heartbeat select ${written}`,
      'grant select on meta.* to freno',
    );
    const documented = /^select timestampdiff[^;`]*?(?=\n```)/m.exec(
      readFromRoot('docs/stores.md'),
    );
    await probing.assign(SLOT, [server], { metricQuery: documented![0] });
    expect(await probing.value(SLOT)).to.be.within(90, 120);
  });

  it('keeps what a server accepts that refuses one of the settings', async () => {
    await start('--autocommit=0', '--skip-innodb', '--default-storage-engine=MyISAM');
    await probing.assign(SLOT, [server], { metricQuery: 'select @@session.autocommit' });
    expect(await probing.value(SLOT)).to.equal(1);
    await probing.assign(SLOT, [server], { metricQuery: 'select @@session.max_statement_time' });
    expect(await probing.value(SLOT)).to.equal(1.2);
  });

  it('is set up once per connection, not once per probe', async () => {
    await start();
    await probing.assign(SLOT, [server], { metricQuery: 'select value from shop.load_now' });
    await probing.value(SLOT);
    const counted = async (): Promise<number> => {
      const status = "show global status like 'Com_set_option'";
      return Number((await server.run<{ Value: string }>(status))[0]!.Value);
    };
    const before = await counted();
    const { total } = await probing.statistics();
    while ((await probing.statistics()).total < total + 10) {
      const { readAtMs } = probing.read(SLOT);
      await probing.until(SLOT, (later) => later.readAtMs > readAtMs);
    }
    expect(await counted()).to.equal(before);
    expect(probing.read(SLOT).state).to.equal(MetricState.ok);
  });
});

describe('the statements of a session', () => {
  it('name the variables of the kind of server', () => {
    const mysql = readingSession('8.4.3', 1_200).together;
    expect(mysql).to.match(/ transaction_isolation = .* transaction_read_only = 1,/);
    expect(mysql).to.match(/max_execution_time = 1200$/);
    const mariadb = readingSession('5.5.5-10.11.6-MariaDB', 1_200).together;
    expect(mariadb).to.match(/ tx_isolation = .* tx_read_only = 1,/);
    expect(mariadb).to.match(/max_statement_time = 1\.2$/);
  });

  it('set one by one what they set together', () => {
    for (const version of ['5.6.10', '8.4.3', '10.11.6-MariaDB']) {
      for (const { together, oneByOne } of [
        readingSession(version, 1_000),
        writingSession(version, 1_000),
      ]) {
        expect(oneByOne).to.have.length(together.split(',').length);
      }
    }
  });
});
