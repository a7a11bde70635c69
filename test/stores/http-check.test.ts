/** HTTP checks, which can leave hosts out of their cluster. */
import { lookup } from 'node:dns';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { expect } from 'chai';
import { SimulatedMySQL } from '../../src/demo/simulated-mysql.js';
import { freePorts } from '../../src/demo/temporary.js';
import { checkUrl, HttpChecker } from '../../src/stores/prober/http-check.js';
import { MetricState } from '../../src/throttle/metric.js';
import { needAddress } from '../support/needs.js';
import { Probing } from '../support/probing.js';
import { until } from '../support/until.js';

const SLOT = 1;

describe('the HTTP check of a host', () => {
  const statuses = new Map<string, number | 'no response'>();
  let pages: Server[];
  let port: number;
  let high: SimulatedMySQL;
  let low: SimulatedMySQL;
  let probing: Probing;

  before(async function () {
    await needAddress(this, '127.0.0.2');
    // One page on each of two addresses, with the same port as HttpCheckPort has it.
    [port = 0] = await freePorts(1);
    pages = [await listen('127.0.0.1'), await listen('127.0.0.2')];
    low = await SimulatedMySQL.listen({ host: '127.0.0.1', value: 1 });
    high = await SimulatedMySQL.listen({ host: '127.0.0.2', value: 8 });
  });

  after(async () => {
    for (const page of pages) {
      page.closeAllConnections();
      page.close();
    }
    await Promise.all([low.close(), high.close()]);
  });

  beforeEach(() => {
    statuses.clear();
    probing = new Probing();
  });

  afterEach(() => probing.stop());

  async function listen(host: string): Promise<Server> {
    const server = createServer((request, response) => {
      const status = request.url === '/health?deep=1' ? (statuses.get(host) ?? 200) : 400;
      if (status !== 'no response') response.writeHead(status).end();
    });
    server.listen(port, host);
    await once(server, 'listening');
    return server;
  }

  function probe(changes: { httpCheckPort?: number } = {}): Promise<void> {
    return probing.assign(SLOT, [low, high], {
      metricQuery: 'select 1',
      httpCheckPort: port,
      httpCheckPath: '/health?deep=1',
      ...changes,
    });
  }

  it('leaves out a host that responds with 404, until it responds otherwise', async () => {
    statuses.set('127.0.0.2', 404);
    await probe();
    await probing.until(SLOT, ({ value }) => value === 1);
    statuses.set('127.0.0.2', 200);
    await probing.until(SLOT, ({ value }) => value === 8);
    const { httpChecks } = await probing.statistics();
    expect(httpChecks[404]).to.be.at.least(1);
    expect(httpChecks[200]).to.be.at.least(2);
  });

  it('leaves no hosts when all respond with 404', async () => {
    for (const host of ['127.0.0.1', '127.0.0.2']) statuses.set(host, 404);
    await probe();
    await probing.until(SLOT, ({ state }) => state === MetricState.noHosts);
  });

  for (const status of [500, 503, 301]) {
    it(`keeps a host that responds with ${status}`, async () => {
      statuses.set('127.0.0.2', status);
      await probe();
      await until(async () => (await probing.statistics()).httpChecks[status] !== undefined);
      expect(await probing.value(SLOT)).to.equal(8);
    });
  }

  it('keeps a host that does not respond in time', async () => {
    statuses.set('127.0.0.2', 'no response');
    await probe();
    await until(async () => (await probing.statistics()).httpChecksFailed >= 1);
    expect(await probing.value(SLOT)).to.equal(8);
  });

  it('keeps a host that refuses the connection', async () => {
    await probe({ httpCheckPort: 1 });
    await until(async () => (await probing.statistics()).httpChecksFailed >= 2);
    expect(await probing.value(SLOT)).to.equal(8);
  });

  it('takes a host back at once when the check is removed', async () => {
    statuses.set('127.0.0.2', 404);
    await probe();
    await probing.until(SLOT, ({ value }) => value === 1);
    await probe({ httpCheckPort: 0 });
    // Sooner than the next check would have been.
    await probing.until(SLOT, ({ value }) => value === 8, 4_000);
    await until(async () => (await probing.statistics()).httpChecksSkipped >= 2);
  });

  it('requests the path with one leading slash', () => {
    expect(checkUrl('h', 80, 'check')).to.equal('http://h:80/check');
    expect(checkUrl('h', 80, '//check')).to.equal('http://h:80/check');
    expect(checkUrl('::1', 80, '')).to.equal('http://[::1]:80/');
  });

  it('runs at most 64 checks at a time', async () => {
    const silent = new Set<Socket>();
    const server = createTcpServer((socket) => {
      silent.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => silent.delete(socket));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const checker = new HttpChecker();
    const url = checkUrl('127.0.0.1', (server.address() as AddressInfo).port, '');
    let done = 0;
    for (let check = 0; check < 100; check++) checker.check(url, lookup, () => done++);
    await until(() => silent.size >= 64);
    let most = 0;
    await until(() => {
      // When the first check is done the next one connects, maybe before the server has noticed the
      // end of the first.
      if (done > 0) return true;
      most = Math.max(most, silent.size);
      return false;
    });
    expect(most).to.equal(64);
    await until(() => done === 100);
    expect(checker.counters.failed).to.equal(100);
    for (const socket of silent) socket.destroy();
    server.close();
  });

  it('fails when the URL is invalid', async () => {
    const checker = new HttpChecker();
    const leftOut = await new Promise((resolve) => checker.check('http://a b/', lookup, resolve));
    expect(leftOut).to.equal(false);
    expect(checker.counters.failed).to.equal(1);
  });
});
