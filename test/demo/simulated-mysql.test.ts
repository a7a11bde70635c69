/** The simulated MySQL server, with the client library and with MariaDB's own client. */
import { execFile } from 'node:child_process';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { type Connection, createConnection, type QueryError } from 'mysql2';
import { SimulatedMySQL } from '../../src/demo/simulated-mysql.js';
import { failureOf } from '../support/failure.js';
import { needPrograms, programPath } from '../support/needs.js';

const run = promisify(execFile);

describe('a simulated MySQL server', () => {
  let server: SimulatedMySQL;
  const clients: Connection[] = [];

  function client(): Connection {
    const connection = createConnection({
      host: server.host,
      port: server.port,
      user: 'freno',
      password: 'any',
      connectTimeout: 2000,
    });
    connection.on('error', () => undefined);
    clients.push(connection);
    return connection;
  }

  function query(connection: Connection, sql: string): Promise<unknown> {
    return new Promise((resolve, reject) => {
      connection.query(sql, (error: QueryError | null, rows: unknown) => {
        if (error === null) resolve(rows);
        else reject(error);
      });
    });
  }

  beforeEach(async () => {
    server = await SimulatedMySQL.listen({ value: 0.25 });
  });

  afterEach(async () => {
    for (const connection of clients.splice(0)) connection.destroy();
    await server.close();
  });

  it('returns its value as a number for any SELECT', async () => {
    const connection = client();
    expect(await query(connection, 'select lag from heartbeat')).to.deep.equal([{ value: 0.25 }]);
    server.setValue(3);
    expect(await query(connection, '/* freno */ select lag from heartbeat')).to.deep.equal([
      { value: 3 },
    ]);
    expect(server.queries).to.equal(2);
  });

  it('returns two columns for SHOW GLOBAL STATUS', async () => {
    const rows = await query(client(), "show global status like 'threads_running'");
    expect(rows).to.deep.equal([{ Variable_name: 'simulated', Value: '0.25' }]);
  });

  it('returns replication lag in the columns of its dialect', async () => {
    const [row] = (await query(client(), 'SHOW REPLICA STATUS')) as [Record<string, unknown>];
    expect(row).to.include({ Replica_IO_Running: 'Yes', Seconds_Behind_Source: 0.25 });
    const refused = await failureOf(query(client(), 'SHOW SLAVE STATUS'));
    expect(refused).to.have.property('errno', 1064);
  });

  it('shows stopped replication when its value is NULL', async () => {
    server.setValue(null);
    const [row] = (await query(client(), 'SHOW REPLICA STATUS')) as [Record<string, unknown>];
    expect(row).to.include({ Replica_IO_Running: 'No', Seconds_Behind_Source: null });
  });

  it('returns an error for an unknown statement and continues', async () => {
    const connection = client();
    expect((await failureOf(query(connection, 'drop table t'))).code).to.equal('ER_PARSE_ERROR');
    expect(await query(connection, 'select 1')).to.deep.equal([{ value: 0.25 }]);
  });

  it('handles queries that arrive together or in chunks', async () => {
    const socket = connect(server.port, server.host);
    const payload = Buffer.from('\x03select 1', 'latin1');
    const command = Buffer.concat([Buffer.from([payload.length, 0, 0, 0]), payload]);
    let received = Buffer.alloc(0);
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.once('data', () => {
        socket.write(Buffer.from([1, 0, 0, 1, 0]));
        socket.write(Buffer.concat([command, command, command.subarray(0, 6)]));
        setImmediate(() => socket.write(command.subarray(6)));
        socket.on('data', (chunk) => {
          received = Buffer.concat([received, chunk]);
          if (received.toString('latin1').split('0.25').length === 4) resolve();
        });
      });
    });
    socket.destroy();
  });

  it('hangs, and handles what has arrived when the fault ends', async () => {
    const connected = client();
    await query(connected, 'select 1');
    await server.setFault({ kind: 'hang' });
    const results = Promise.all([
      query(connected, 'select lag'),
      query(client(), 'select lag for a new connection'),
    ]);
    const first = await Promise.race([
      results,
      new Promise((resolve) => setTimeout(resolve, 100, 'no result')),
    ]);
    expect(first).to.equal('no result');
    await server.setFault({ kind: 'none' });
    expect(await results).to.deep.equal([[{ value: 0.25 }], [{ value: 0.25 }]]);
  });

  it('closes connections with the fault close', async () => {
    const connected = client();
    await query(connected, 'select 1');
    await server.setFault({ kind: 'close' });
    expect((await failureOf(query(connected, 'select 1'))).code).to.equal(
      'PROTOCOL_CONNECTION_LOST',
    );
    expect(await failureOf(query(client(), 'select 1'))).to.have.property('fatal', true);
  });

  it('refuses connections, and listens on the same port again', async () => {
    const { port } = server;
    await server.setFault({ kind: 'refuse' });
    expect((await failureOf(query(client(), 'select 1'))).code).to.equal('ECONNREFUSED');
    await server.setFault({ kind: 'none' });
    expect(server.port).to.equal(port);
    expect(await query(client(), 'select 1')).to.deep.equal([{ value: 0.25 }]);
  });

  it('responds late with the fault slow', async () => {
    const connection = client();
    await query(connection, 'select 1');
    await server.setFault({ kind: 'slow', delayMs: 60 });
    const askedAtMs = performance.now();
    await query(connection, 'select 1');
    expect(performance.now() - askedAtMs).to.be.at.least(59);
  });

  it('returns the error of the fault error', async () => {
    await server.setFault({ kind: 'error', code: 1040, message: 'Too many connections' });
    const refused = await failureOf(query(client(), 'select 1'));
    expect(refused).to.include({ errno: 1040, message: 'Too many connections' });
  });

  it("talks to MariaDB's own command-line client", async function () {
    needPrograms(this, 'mariadb');
    const sql = 'select lag from t; show replica status\\G select 2';
    const options = ['--batch', '--skip-ssl', '-h', server.host, '-P', String(server.port)];
    const { stdout } = await run(programPath('mariadb'), [
      ...options,
      ...['-ufreno', '-psecret', '-e', sql],
    ]);
    expect(stdout)
      .to.contain('value\n0.25\n')
      .and.to.match(/Seconds_Behind_Source: 0\.25/);
  });
});
