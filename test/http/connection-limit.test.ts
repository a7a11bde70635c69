/** How many HTTP connections there may be: on both engines, and by the number of descriptors. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect } from 'chai';
import { pino } from 'pino';
import { CLIENT_CONNECTIONS_MIN, DESCRIPTORS_RESERVED } from '../../src/base/descriptors.js';
import { LOG_LEVELS } from '../../src/base/log.js';
import type { ConnectionCounts } from '../../src/board/connection-counts.js';
import { ConnectionLimit } from '../../src/http/main/connection-limit.js';
import { fetchOnce } from '../support/http-client.js';
import { ENGINES } from '../support/http-front.js';
import { TestPool } from '../support/http-pool.js';
import { until } from '../support/until.js';

for (const engine of ENGINES) {
  describe(`a bound on HTTP connections (${engine})`, () => {
    let workers: TestPool;
    let counts: ConnectionCounts;
    const sockets: Socket[] = [];

    before(async () => {
      workers = new TestPool({ engine });
      counts = workers.connections;
      await workers.pool.start();
    });

    after(async () => {
      for (const socket of sockets) socket.destroy();
      await workers.pool.stop();
      expect(counts.open).to.equal(0);
    });

    async function open(count: number): Promise<void> {
      await Promise.all(
        Array.from({ length: count }, async () => {
          const socket = connect(workers.pool.port, '127.0.0.1');
          sockets.push(socket.on('error', () => {}));
          await once(socket, 'connect');
        }),
      );
    }

    it('closes those beyond it, counts them, and answers those that have a place', async () => {
      counts.max = 20;
      const first = connect(workers.pool.port, '127.0.0.1');
      sockets.push(first);
      await until(() => counts.open === 1);
      await open(60);
      await until(() => counts.refused === 41 && counts.open === 20);
      expect(sockets.filter(({ closed }) => !closed).length).to.be.at.least(20);
      const served = engine === 'node' ? sockets.at(-1)! : first;
      served.write('GET /check/app/mysql/main1 HTTP/1.1\r\nHost: freno\r\n\r\n');
      const [response] = (await once(served, 'data')) as [Buffer];
      expect(response.toString()).to.match(/^HTTP\/1.1 200 /);
    });

    if (engine === 'node') {
      it('closes one that never asked for a new one, then the longest idle', async () => {
        const ends: string[] = [];
        const check = 'GET /check/app/mysql/main1 HTTP/1.1\r\nHost: freno\r\n\r\n';
        async function named(name: string): Promise<Socket> {
          const others = counts.open;
          await open(1);
          const socket = sockets.at(-1)!;
          socket.once('close', () => ends.push(name));
          await until(() => counts.open === others + 1);
          return socket;
        }
        async function ask(socket: Socket, request: string): Promise<void> {
          socket.write(request);
          const [response] = (await once(socket, 'data')) as [Buffer];
          expect(response.toString()).to.match(/^HTTP\/1.1 200 /);
        }
        async function endsWithNewcomer(count: number): Promise<string[]> {
          const { status } = await fetchOnce(workers.pool.port, '/lb-check');
          expect(status).to.equal(200);
          await until(() => ends.length === count && counts.open === 2);
          return ends;
        }
        for (const socket of sockets.splice(0)) socket.destroy();
        await until(() => counts.open === 0);
        counts.max = 3;
        const busy = await named('busy');
        busy.write('GET /lb-check HTTP/1.1\r\nHost: freno\r\nContent-Length: 5\r\n\r\n');
        await ask(await named('asked'), check);
        await named('silent');
        expect(await endsWithNewcomer(1)).to.deep.equal(['silent']);
        await ask(await named('asked later'), check);
        expect(await endsWithNewcomer(2)).to.deep.equal(['silent', 'asked']);
        await ask(busy, '12345');
      });
    }

    it('has places again when connections end', async () => {
      for (const socket of sockets.splice(0)) socket.destroy();
      await until(() => counts.open === 0);
      const { status } = await fetchOnce(workers.pool.port, '/check/app/mysql/main1');
      expect(status).to.equal(200);
    });
  });
}

describe('the places of HTTP connections', () => {
  let lines: Array<Record<string, unknown>>;

  function limitOf(max: number | null, open = 40): ConnectionLimit {
    lines = [];
    const write = (line: string): void => void lines.push(JSON.parse(line));
    const log = pino({ level: 'warn', customLevels: LOG_LEVELS }, { write });
    return new ConnectionLimit(log, { max: () => max, open: () => open });
  }

  it('are those that hosts, files and peers leave of the descriptors', () => {
    const limit = limitOf(1_024);
    limit.setHosts(0);
    expect(limit.report().max).to.equal(1_024 - DESCRIPTORS_RESERVED);
    limit.setHosts(400);
    expect(limit.report().max).to.equal(1_024 - DESCRIPTORS_RESERVED - 500);
    limit.setHosts(4_000);
    expect(limit.report().max).to.equal(CLIENT_CONNECTIONS_MIN);
  });

  it('are fewer where the threads of the process need more for themselves', () => {
    const limit = limitOf(1_024, 300);
    limit.start();
    limit.stop();
    expect(limit.report().max).to.equal(1_024 - 300 - 66);
  });

  it('are not bounded where the system has no limit', () => {
    const limit = limitOf(null);
    limit.setHosts(10_000);
    expect(limit.report()).to.include({ max: null, refused: 0 });
    expect(limit.counts.opened()).to.equal(true);
  });

  it('are reported in one line a minute when they run out', () => {
    const limit = limitOf(256);
    limit.setHosts(0);
    for (let opened = 0; opened < 160; opened++) limit.counts.opened();
    limit.look(0);
    limit.look(1_000);
    limit.counts.opened();
    limit.look(59_000);
    expect(lines).to.have.length(1);
    expect(lines[0]).to.include({ refused: 4, max: 156, descriptors: 256 });
    limit.look(60_000);
    expect(lines.map(({ refused }) => refused)).to.deep.equal([4, 1]);
  });
});
