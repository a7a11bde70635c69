/** What commands make of responses, by the HTTP client of Node.js instead of `fetch`. */
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { expect } from 'chai';
import { type CertificateOptions, transportWith } from '../../src/cli/servers/transport.js';
import { HttpExchange, type HttpFailure, type HttpReply } from '../../src/client/exchange.js';
import { CertificateAuthority } from '../support/certificates.js';
import { failureOf } from '../support/failure.js';
import { Pages } from '../support/pages.js';
import { until } from '../support/until.js';

const TIMEOUT_MS = 60_000;
const BODY_BYTES_MAX = 1_000;

describe('the transport of commands', () => {
  let pages: Pages;

  afterEach(() => pages.close());

  const exchange = (certificates: CertificateOptions = {}): HttpExchange =>
    new HttpExchange(transportWith(certificates), { Authorization: 'Bearer a' });

  function get(
    from: HttpExchange,
    { timeoutMs = TIMEOUT_MS, signal = new AbortController().signal } = {},
  ): Promise<HttpReply | HttpFailure> {
    return from.get(`${pages.url}/path?a=b`, { timeoutMs, bodyBytesMax: BODY_BYTES_MAX, signal });
  }

  it('reads a response, and says that a cache must not answer', async () => {
    pages = await Pages.serve((_, response) => response.writeHead(429).end('é'));
    expect(await get(exchange())).to.deep.equal({
      ...{ kind: 'reply', status: 429, body: 'é', isRedirect: false, location: null },
    });
    const [{ url, method, headers }] = pages.requests as [(typeof pages.requests)[0]];
    expect({ url, method }).to.deep.equal({ url: '/path?a=b', method: 'GET' });
    expect(headers).to.include({ authorization: 'Bearer a', 'cache-control': 'no-cache' });
  });

  it('follows no redirect', async () => {
    pages = await Pages.serve((_, response) => response.writeHead(302, { location: '/x' }).end());
    expect(await get(exchange())).to.include({ status: 302, isRedirect: true, location: '/x' });
    expect(pages.requests.length).to.equal(1);
  });

  it('takes half a body for none', async () => {
    pages = await Pages.serve((_, response) => {
      response.writeHead(200, { 'Content-Length': '10' }).write('{}', () => response.destroy());
    });
    expect(await get(exchange())).to.deep.include({ kind: 'failure', timedOut: false });
  });

  it('ends a response that is too long', async () => {
    const closed: boolean[] = [];
    pages = await Pages.serve((_, response) => {
      response.once('close', () => closed.push(response.writableEnded));
      response.writeHead(200).write('x'.repeat(BODY_BYTES_MAX + 1));
    });
    expect(await get(exchange())).to.deep.include({ kind: 'reply', status: 200, body: null });
    await until(() => closed.length === 1);
    expect(closed).to.deep.equal([false]);
  });

  it('ends at its time, with what of a response there is', async () => {
    let closed = 0;
    pages = await Pages.serve((_, response) => {
      response.once('close', () => closed++);
      response.writeHead(200).write('{');
    });
    const failure = await get(exchange(), { timeoutMs: 300 });
    expect(failure).to.include({ timedOut: true, text: 'no response within 300 ms' });
    await until(() => closed === 1);
  });

  it('ends with its signal', async () => {
    let closed = 0;
    const abort = new AbortController();
    pages = await Pages.serve((_, response) => {
      response.once('close', () => closed++);
      abort.abort(new Error('enough'));
    });
    expect((await failureOf(get(exchange(), { signal: abort.signal }))).message).to.equal('enough');
    await until(() => closed === 1);
  });

  it('names the failure of a host with several addresses by its code', async () => {
    pages = await Pages.serve(() => undefined);
    const refused = Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' });
    const failing = new HttpExchange(() => Promise.reject(refused), {});
    expect(await get(failing)).to.include({ kind: 'failure', text: 'ECONNREFUSED' });
  });

  describe('keeps a connection for the next request', () => {
    const sockets = new Set<Socket>();

    async function askTwice(certificates: CertificateOptions): Promise<void> {
      sockets.clear();
      const one = exchange(certificates);
      for (let request = 0; request < 2; request++) {
        expect(await get(one)).to.include({ kind: 'reply', status: 200 });
      }
      for (const { socket } of pages.requests) sockets.add(socket);
      expect([pages.requests.length, sockets.size]).to.deep.equal([2, 1]);
    }

    it('in clear', async () => {
      pages = await Pages.serve((_, response) => response.end('{}'));
      await askTwice({});
    });

    it('over TLS, with an authority of its own', async () => {
      const authority = await CertificateAuthority.create('freno test authority');
      const { certFile, keyFile } = await authority.issue('node', 'IP:127.0.0.1');
      const certificate = { cert: readFileSync(certFile), key: readFileSync(keyFile) };
      pages = await Pages.serve((_, response) => response.end('{}'), certificate);
      await askTwice({ ca: authority.caFile });
      await authority.remove();
    });
  });
});
