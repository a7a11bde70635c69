/** Queries that time out, and what of them goes on running on a real server. */
import { expect } from 'chai';
import { type Connection, createConnection } from 'mysql2';
import { endLeftBehind } from '../../src/stores/prober/mysql/left-behind.js';
import { MariaDb, needMariaDb } from '../support/mariadb.js';
import { Probing } from '../support/probing.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/until.js';

const SLOT = 0;
const SLEEP = 'select 1 + sleep(30)';

describe('a slow query of a probe', () => {
  let server: MariaDb;
  let proxy: TcpProxy | undefined;
  let probing: Probing;

  before(async function () {
    needMariaDb(this);
    server = await MariaDb.start(['--skip-log-bin']);
    await server.run(
      "create user freno identified by 'secret-of-freno'",
      'create database shop',
      'create table shop.pause (seconds int)',
      'insert into shop.pause values (30)',
      'grant select on shop.* to freno',
    );
  });

  after(() => server?.stop());

  beforeEach(() => {
    probing = new Probing();
  });

  afterEach(async () => {
    await probing.stop();
    await proxy?.stop();
    proxy = undefined;
    await server.run('update shop.pause set seconds = 30');
    await until(async () => (await running()).length === 0);
  });

  /** Connections of freno that execute a query now. */
  async function running(): Promise<number[]> {
    const query =
      "select id from information_schema.processlist where user = 'freno' and info like '%sleep(%'";
    return (await server.run<{ id: number }>(query)).map(({ id }) => id);
  }

  /** The most that ran at a time, while `connections` made such a query. */
  async function mostRunning(connections: number): Promise<number> {
    const seen = new Set<number>();
    let most = 0;
    await until(async () => {
      const now = await running();
      for (const id of now) seen.add(id);
      most = Math.max(most, now.length);
      return seen.size >= connections;
    });
    return most;
  }

  it('is ended by the server before the next one is sent', async () => {
    await probing.assign(SLOT, [server], { metricQuery: SLEEP });
    expect(await probing.error(SLOT)).to.equal(`read tcp ${server.address}: i/o timeout`);
    expect(await mostRunning(4)).to.equal(1);
    await probing.assign(SLOT, [server], { metricQuery: 'select 2' });
    expect(await probing.value(SLOT)).to.equal(2);
  });

  it('runs once at a time on a server that does not limit it, and is killed there', async () => {
    proxy = await TcpProxy.start(server);
    proxy.onSent = (chunk) => {
      const at = chunk.indexOf('max_statement_time = 1.2');
      if (at >= 0) chunk.write('max_statement_time = 0.0', at);
    };
    const metricQuery = 'select seconds + sleep(seconds) from shop.pause;';
    await probing.assign(SLOT, [proxy], { metricQuery });
    const [first] = await until(async () => {
      const ids = await running();
      return ids.length > 0 && ids;
    });
    const killed = new RegExp(`still running \\(connection ${first}\\); KILL was sent$`);
    await probing.until(SLOT, ({ errorText }) => killed.test(errorText));
    expect(await mostRunning(3)).to.equal(1);
    await server.run('update shop.pause set seconds = 0');
    expect(await probing.value(SLOT)).to.equal(0);
  });

  it('is not taken for another query on a connection with the same number', async () => {
    const [other, own] = [await connect(), await connect()];
    other.query(SLEEP, () => undefined);
    await until(async () => (await running()).length === 1);
    const connectionId = other.threadId;
    expect(await ended(own, connectionId, 'select 2')).to.equal('gone');
    expect(await running()).to.deep.equal([connectionId]);
    expect(await ended(own, connectionId, ` ${SLEEP}; `)).to.equal('running');
    await until(async () => (await running()).length === 0);
    expect(await ended(own, connectionId, SLEEP)).to.equal('gone');
    for (const connection of [other, own]) connection.destroy();
  });

  async function connect(): Promise<Connection> {
    const { host, port } = server;
    const credentials = { user: 'freno', password: 'secret-of-freno', rowsAsArray: true };
    const connection = createConnection({ host, port, ...credentials });
    connection.on('error', () => undefined);
    await new Promise((resolve) => connection.once('connect', resolve));
    return connection;
  }

  function ended(connection: Connection, connectionId: number, statement: string) {
    return new Promise<'gone' | 'running'>((resolve, reject) => {
      endLeftBehind(
        connection,
        { connectionId, statement },
        { gone: () => resolve('gone'), running: () => resolve('running'), failed: reject },
      );
    });
  }
});
