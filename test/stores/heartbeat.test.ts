/**
 * The documented heartbeat queries, with the real pt-heartbeat: right in every time zone of the
 * writer and the server, and in the hour that comes twice.
 */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { MariaDb, needMariaDb } from '../support/mariadb.js';
import { needPrograms, programPath } from '../support/needs.js';
import { type PerconaTool, startHeartbeat } from '../support/percona-toolkit.js';
import { until } from '../support/until.js';

const PAGE = new URL('../../../docs/stores.md', import.meta.url);

/** Statements of the page that contain that text. */
function documented(...texts: readonly string[]): string[] {
  const blocks = readFileSync(PAGE, 'utf8').matchAll(/```sql\n([^`]+)```/g);
  const statements = [...blocks].flatMap(([, block]) => block!.trim().split(/;\n/));
  return texts.map((text) => statements.find((statement) => statement.includes(text))!);
}

const [OF_UTC, ADD_COLUMN, OF_TIMESTAMP] = documented(
  'max(ts)',
  'add written_at',
  'unix_timestamp',
);

const SERVER_ZONES = ['+00:00', '+01:00', '-08:00', '+05:30'];

describe('the documented heartbeat query', () => {
  let server: MariaDb;
  let writer: PerconaTool | undefined;

  before(async function () {
    needMariaDb(this);
    needPrograms(this, 'pt-heartbeat', 'mariadb-tzinfo-to-sql');
    server = await MariaDb.start(['--skip-log-bin', '--server-id=7']);
  });

  after(() => server?.stop());

  beforeEach(() => server.run('drop database if exists meta', 'create database meta'));

  afterEach(async () => {
    await writer?.kill();
    writer = undefined;
  });

  async function isWritten(): Promise<boolean> {
    const found = await server.run("show tables in meta like 'heartbeat'");
    return found.length > 0 && (await server.run('select ts from meta.heartbeat')).length > 0;
  }

  async function lagIn(zone: string, query: string): Promise<number> {
    const rows = await server.run(`set time_zone = '${zone}'`, query);
    await server.run('set time_zone = default');
    return Number(rows[0]!.lag);
  }

  it('reads the lag of pt-heartbeat --utc in every time zone', async () => {
    writer = startHeartbeat(server.port, { TZ: 'America/New_York' }, '--utc');
    await until(isWritten);
    for (const zone of SERVER_ZONES) {
      expect(await lagIn(zone, OF_UTC!), zone).to.be.within(-0.01, 2);
    }
  });

  it('reads the lag of pt-heartbeat without --utc in every time zone', async () => {
    writer = startHeartbeat(server.port, { TZ: 'America/New_York' });
    await until(isWritten);
    await server.run(ADD_COLUMN!);
    for (const zone of SERVER_ZONES) {
      expect(await lagIn(zone, OF_TIMESTAMP!), zone).to.be.within(-0.01, 2);
    }
    await writer.kill();
    const startedAtMs = performance.now();
    await until(async () => (await lagIn('+01:00', OF_TIMESTAMP!)) > 1);
    expect(performance.now() - startedAtMs).to.be.below(2_000);
  });

  it('reads 30 minutes in the hour that comes twice', async () => {
    const zone = ['/usr/share/zoneinfo/Europe/Berlin', 'Europe/Berlin'];
    const { stdout } = await promisify(execFile)(programPath('mariadb-tzinfo-to-sql'), zone);
    const statements = stdout.split(/;\s*\n/).filter((statement) => /^\s*insert/i.test(statement));
    await server.run('use mysql', 'set @time_zone_id = 1', ...statements);
    await server.run(
      'create table meta.heartbeat (server_id int primary key, ts varchar(26))',
      ADD_COLUMN!,
      "set time_zone = 'Europe/Berlin'",
      // 02:45 in summer time, and 30 minutes later 02:15 in winter time.
      `set timestamp = ${Date.UTC(2025, 9, 26, 0, 45) / 1_000}`,
      "insert into meta.heartbeat (server_id, ts) values (7, '2025-10-26T00:45:00.000000')",
      `set timestamp = ${Date.UTC(2025, 9, 26, 1, 15) / 1_000}`,
    );
    const [local] = await server.run('select now() as local_time');
    const [byTimestamp] = await server.run(OF_TIMESTAMP!);
    const [byUtc] = await server.run(OF_UTC!);
    await server.run('set timestamp = default', 'set time_zone = default');
    expect(String(local!.local_time)).to.include('02:15:00');
    expect(Number(byTimestamp!.lag)).to.equal(1_800);
    expect(Number(byUtc!.lag)).to.equal(1_800);
  });
});
