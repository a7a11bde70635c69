/** The connection to the backend: renewed while it works, one login at a time while it hangs. */

import { lookup } from 'node:dns';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import { BackendConnection } from '../../../src/consensus/mysql/backend-connection.js';
import { DEFAULT_TIMES } from '../../../src/consensus/mysql/options.js';
import { handshake } from '../../../src/demo/mysql/packets.js';
import { failureOf } from '../../support/failure.js';
import { OddMySQL, type SessionScript } from '../../support/odd-mysql.js';
import { until } from '../../support/until.js';

const TIMES = { ...DEFAULT_TIMES, connectTimeoutMs: 100, statementTimeoutMs: 500 };

describe('a connection to the backend', () => {
  let server: OddMySQL;
  let connection: BackendConnection;

  async function connectTo(
    script: (connection: number) => SessionScript,
    times = TIMES,
  ): Promise<void> {
    server = await OddMySQL.listen(script);
    const { host, port } = server;
    const settings = {
      kind: 'backend',
      ...{
        host,
        port,
        schema: 'freno',
        user: 'u',
        password: 'p',
        passwordFile: '',
        serverPublicKeyFile: '',
      },
      ...{ collation: '', tls: null },
    } as const;
    connection = new BackendConnection(settings, times, lookup);
  }

  afterEach(async () => {
    connection.close();
    await server.close();
  });

  it('is renewed when it is old, while each statement succeeds', async () => {
    await connectTo(() => ({}), { ...TIMES, connectionMaxAgeMs: 100 });
    while (server.accepted < 4) {
      expect(await connection.select('select 1')).to.have.length(1);
      await pause(5);
    }
    await until(() => server.connections <= 2);
  });

  it('keeps a login that is not answered, and uses it when it is', async () => {
    const greetings: Array<() => void> = [];
    await connectTo((number) => ({
      greet: (socket) => greetings.push(() => socket.write(handshake('8.4.3-odd', number))),
    }));
    for (let attempt = 0; attempt < 5; attempt++) {
      const { message } = await failureOf(connection.select('select 1'));
      expect(message).to.include('connect timed out');
      await pause(60);
    }
    expect(server.accepted).to.equal(1);
    for (const greet of greetings) greet();
    await until(async () => (await connection.select('select 1').catch(() => [])).length === 1);
    expect(server.accepted).to.equal(1);
    expect(server.abandonedLogins).to.equal(0);
  });

  it('reports odd responses in words', async () => {
    await connectTo(() => ({}));
    expect((await failureOf(connection.change('select 1'))).message).to.include('with rows');
    expect((await failureOf(connection.select('set @a = 1'))).message).to.include('without rows');
  });
});
