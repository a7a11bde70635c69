/** The statements of the known metrics on a real server. */
import { expect } from 'chai';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { KNOWN_METRICS } from '../../src/config/known-metrics.js';
import { MariaDb, needMariaDb } from '../support/mariadb.js';

describe('the known metrics on MariaDB', function () {
  this.timeout(60_000);
  let server: MariaDb;

  before(async function () {
    needMariaDb(this);
    server = await MariaDb.start();
    await server.run("create user plain@'%' identified by 'without-privileges'");
  });

  after(() => server?.stop());

  it('are each one row with a number, for a user without privileges', async () => {
    const { host, port } = server;
    const login = { user: 'plain', password: 'without-privileges' };
    const connection = await createConnection({ host, port, ...login });
    try {
      const read: string[] = [];
      for (const [name, { source, servers, privilege }] of KNOWN_METRICS) {
        if (servers.startsWith('Galera') || name === 'lag') continue;
        const statement = source.mariaDbQuery ?? source.query;
        const [rows] = await connection.query<RowDataPacket[]>(statement);
        expect(rows, name).to.have.length(1);
        const value = Number(Object.values(rows[0]!).at(-1));
        expect(value, name).to.be.at.least(name === 'threads_running' ? 1 : 0);
        expect(privilege, name).to.be.oneOf(['none', 'PROCESS on MySQL']);
        read.push(name);
      }
      expect(read).to.deep.equal([
        'threads_running',
        'history_list_length',
        'innodb_row_lock_current_waits',
        'semi_sync_wait_sessions',
      ]);
    } finally {
      connection.destroy();
    }
  });
});
