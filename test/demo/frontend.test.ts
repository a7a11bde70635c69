/** The frontend of the demo: it passes everything through, and cuts off what is not finished. */
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { Balancer } from '../../src/demo/balancer.js';
import { DemoFrontend } from '../../src/demo/frontend.js';
import { freePorts, portsFrom } from '../../src/demo/temporary.js';
import { fetchOnce } from '../support/http-client.js';
import { until } from '../support/until.js';

describe('the frontend of the demo', () => {
  const requests: string[] = [];
  let streams: ServerResponse[];
  let leads: boolean;
  const node = createServer((request, response) => {
    if (request.url === '/leader-check') {
      response.writeHead(leads ? 200 : 404).end();
      return;
    }
    requests.push(`${request.method} ${request.url} ${request.headers.origin ?? ''}`.trim());
    response.writeHead(202, { 'Content-Type': 'text/event-stream', 'X-Own': 'kept' });
    if (request.url === '/web/stream') {
      response.write('event: one\n\n');
      streams.push(response);
    } else response.end('body');
  });
  let balancer: Balancer;
  let frontend: DemoFrontend;
  let port: number;

  before(async () => {
    await new Promise<void>((resolve) => node.listen(0, '127.0.0.1', resolve));
    balancer = new Balancer([`http://127.0.0.1:${(node.address() as AddressInfo).port}`]);
    [port] = (await freePorts(1)) as [number];
    frontend = await DemoFrontend.listen(balancer, port);
  });

  beforeEach(async () => {
    requests.length = 0;
    streams = [];
    leads = true;
    await balancer.checkHealth();
  });

  after(async () => {
    await frontend.stop();
    balancer.close();
    node.closeAllConnections();
    node.close();
  });

  it('passes methods, headers and statuses', async () => {
    const headers = { Origin: 'http://page' };
    const answer = await fetchOnce(port, '/throttle-app/a?x=1', { method: 'POST', headers });
    expect(requests).to.deep.equal(['POST /throttle-app/a?x=1 http://page']);
    expect({ status: answer.status, body: answer.body }).to.deep.equal({
      status: 202,
      body: 'body',
    });
    expect(answer.headers['x-own']).to.equal('kept');
  });

  it('passes a stream piece by piece, and cuts it off with its node', async () => {
    const stream = await new Promise<IncomingMessage>((resolve) => {
      get({ host: '127.0.0.1', port, path: '/web/stream' }, resolve);
    });
    let text = '';
    let isCutOff = false;
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    stream.once('error', () => {
      isCutOff = true;
    });
    await until(() => text === 'event: one\n\n');
    streams[0]!.write('event: two\n\n');
    await until(() => text.endsWith('event: two\n\n'));
    streams[0]!.destroy();
    await until(() => isCutOff);
  });

  it('answers 503 without a leader', async () => {
    leads = false;
    await balancer.checkHealth();
    expect((await fetchOnce(port, '/')).status).to.equal(503);
  });

  it('takes a free port where the fixed one is taken', async () => {
    const [free] = (await freePorts(1)) as [number];
    const [taken, kept] = await portsFrom([port, 3_990]);
    expect(taken).not.to.equal(port);
    expect(kept).to.be.greaterThan(0);
    expect(free).not.to.equal(taken);
  });
});
