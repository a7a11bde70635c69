/** What the client makes of responses: those of freno, and those of anything else. */
import { expect } from 'chai';
import type {
  CheckAnswer,
  CheckEvent,
  FrenoClient,
  FrenoClientOptions,
} from '../../src/client/index.js';
import { checkBody, respondWith, withoutWhy } from '../support/check-responses.js';
import { failureOf } from '../support/failure.js';
import { AskedServer } from './asked-server.js';

const REQUEST_TIMEOUT_MS = 1_000;

describe('a client of freno', () => {
  let server: AskedServer;

  beforeEach(async () => {
    server = await AskedServer.start();
  });

  afterEach(() => server.close());

  function client(options: Partial<FrenoClientOptions> = {}): FrenoClient {
    return server.client({ requestTimeoutMs: REQUEST_TIMEOUT_MS, ...options });
  }

  async function answerTo(status: number, body: string): Promise<CheckAnswer> {
    server.respond = respondWith(status, body);
    return client().check();
  }

  describe('reads an answer', () => {
    const common = { metric: null, message: '' };

    it('that permits', async () => {
      expect(await answerTo(200, checkBody(200, { value: 0.43 }))).to.deep.equal({
        permitted: true,
        reason: 'permitted',
        status: 200,
        value: 0.43,
        threshold: 1,
        server: server.pages.url,
        ...common,
      });
    });

    const refusals = [
      [429, { value: 9.25, message: 'Threshold exceeded' }, 'threshold-exceeded', 9.25, 1],
      [417, { threshold: 0, message: 'App denied' }, 'app-denied', null, null],
      [404, { message: 'Not the leader' }, 'not-leader', null, 1],
      [404, { message: 'No metric yet' }, 'no-metric-yet', null, 1],
      [404, { threshold: 0, message: 'No such metric' }, 'no-such-metric', null, null],
      [500, { message: 'No hosts found' }, 'metric-error', null, 1],
    ] as const;
    for (const [status, parts, reason, value, threshold] of refusals) {
      it(`that refuses: ${status} ${parts.message}`, async () => {
        expect(await answerTo(status, checkBody(status, parts))).to.deep.equal({
          permitted: false,
          reason,
          status,
          value,
          threshold,
          server: server.pages.url,
          ...common,
          message: parts.message,
        });
      });
    }

    it('of a store with several metrics, with the one that decided', async () => {
      const body = checkBody(429, { value: 120, threshold: 100, metric: 'threads_running' });
      expect(await answerTo(429, body)).to.include({ metric: 'threads_running', value: 120 });
    });
  });

  describe('asks', () => {
    beforeEach(() => {
      server.respond = respondWith(200, checkBody(200));
    });

    it('for its app and store, by their encoded names', async () => {
      await client({ app: 'nightly archive?', store: 'mysql/käse' }).check();
      expect(server.pages.paths).to.deep.equal(['/check/nightly%20archive%3F/mysql/k%C3%A4se']);
    });

    it('with the priority and the metrics, of the client or of the call', async () => {
      const low = client({ priority: 'low' });
      await low.check({ metrics: ['lag', 'threads_running'] });
      await low.check({ priority: 'normal', store: 'other', app: 'another' });
      expect(server.pages.paths).to.deep.equal([
        '/check/job/mysql/main?p=low&metric=lag,threads_running',
        '/check/another/mysql/other?p=normal',
      ]);
    });

    it('for reads with a threshold in decimals', async () => {
      await client().checkRead(0.5);
      await client().checkRead(1e-7);
      expect(server.pages.paths).to.deep.equal([
        '/check-read/job/mysql/main/0.500000',
        '/check-read/job/mysql/main/0.000000',
      ]);
    });

    it('with the headers of the client, below the path of the address', async () => {
      await client({
        servers: `${server.pages.url}/freno/`,
        headers: { authorization: 'x' },
      }).check();
      expect(server.pages.paths).to.deep.equal(['/freno/check/job/mysql/main']);
      expect(server.pages.requests[0]!.headers.authorization).to.equal('x');
    });

    it('on connections that it keeps: Node has two of them in turn', async () => {
      const one = client();
      for (let checks = 0; checks < 10; checks++) await one.check();
      expect(new Set(server.pages.requests.map(({ socket }) => socket)).size).to.be.below(3);
    });

    it('again at once when the server closes a connection that it kept', async () => {
      const yes = respondWith(200, checkBody(200));
      const one = client();
      await one.check();
      server.respond = (request) => {
        server.respond = yes;
        request.socket.destroy();
      };
      expect(await one.check()).to.include({ permitted: true });
    });
  });

  describe('reads the replication delay', () => {
    it('whatever the threshold', async () => {
      server.respond = respondWith(200, checkBody(200, { value: 7.5 }));
      expect(await client().replicationDelay()).to.equal(7.5);
    });

    it('of the list of values when the app is denied', async () => {
      server.respond = (request, response) =>
        request.url === '/aggregated-metrics'
          ? respondWith(200, '{"mysql/main":"7.500000"}')(request, response)
          : respondWith(417, checkBody(417, { message: 'App denied' }))(request, response);
      expect(await client().replicationDelay()).to.equal(7.5);
    });

    it('as null when it is not known', async () => {
      server.respond = respondWith(500, checkBody(500, { message: 'connection refused' }));
      expect(await client().replicationDelay()).to.equal(null);
    });
  });

  describe('explains', () => {
    it('by what the server says', async () => {
      const why = {
        StatusCode: 429,
        Value: 8.2,
        Threshold: 1,
        Message: 'Threshold exceeded',
        Metric: 'lag',
        Host: 'db7:3306',
        Since: '2026-11-27T10:00:00Z',
        Why: 'waits: lag on db7:3306 is 8.2 s, above 1 s, for 40 s',
      };
      server.respond = respondWith(429, JSON.stringify(why));
      expect(await client().why()).to.deep.equal({
        permitted: false,
        status: 429,
        text: why.Why,
        message: why.Message,
        metric: 'lag',
        host: 'db7:3306',
        since: new Date(why.Since),
        rule: null,
        metrics: [],
        server: server.pages.url,
      });
      expect(server.pages.paths).to.deep.equal(['/why/job/mysql/main']);
    });

    it('by a check where the server does not explain itself', async () => {
      server.respond = withoutWhy(respondWith(429, checkBody(429, { value: 8.2 })));
      expect(await client().why()).to.include({
        status: 429,
        text: 'waits: 8.2 is above the threshold 1',
      });
    });
  });

  describe('takes no yes from', () => {
    const page = '<!doctype html><title>Welcome</title>';
    const foreign = {
      'a page': [200, page],
      'an empty body': [200, ''],
      'another JSON': [200, '{"ok":true}'],
      'a list': [200, '[200]'],
      'a body that contradicts the status': [200, checkBody(429)],
      'a value that is no number': [200, checkBody(200).replace('0.43', '"0.43"')],
      'a value beyond all numbers': [200, checkBody(200).replace('0.43', '1e999')],
      'half a body': [200, checkBody(200).slice(0, 20)],
      'a body that is too long': [200, checkBody(200) + ' '.repeat(2 ** 20)],
      'a login': [401, page],
      'a page that is not found': [404, '404 page not found\n'],
    } as const;
    for (const [what, [status, body]] of Object.entries(foreign)) {
      it(`${what}: the address is no freno`, async () => {
        server.respond = respondWith(status, body);
        const { code, message } = await failureOf(client().waitFor());
        expect(code).to.equal('NOT_FRENO');
        expect(message).to.include(server.pages.url);
      });
    }

    it('a redirect, which it does not follow', async () => {
      server.respond = (request, response) =>
        request.url === '/elsewhere'
          ? respondWith(200, checkBody(200))(request, response)
          : response.writeHead(302, { location: '/elsewhere' }).end();
      const { code, message } = await failureOf(client().waitFor());
      expect(code).to.equal('NOT_FRENO');
      expect(message).to.include('redirect to /elsewhere');
      expect(server.pages.paths).to.deep.equal(['/check/job/mysql/main']);
    });

    for (const status of [429, 502, 503, 504]) {
      it(`a balancer without a freno, and asks again: ${status}`, async () => {
        server.respond = respondWith(status, page);
        expect(await client().check()).to.include({ reason: 'unreachable', permitted: false });
        const permission = client().waitFor();
        server.respond = respondWith(200, checkBody(200));
        expect((await permission).answer).to.include({ permitted: true });
      });
    }

    it('a page in front of a freno that has answered before, and asks again', async () => {
      const one = client();
      server.respond = respondWith(200, checkBody(200));
      await one.check();
      server.respond = respondWith(200, page);
      expect(await one.check()).to.include({ reason: 'unreachable', permitted: false });
    });

    it('a server that never responds, within its time', async () => {
      server.respond = () => undefined;
      expect(await client().check()).to.include({
        reason: 'unreachable',
        message: `${server.pages.url}: no response within ${REQUEST_TIMEOUT_MS} ms`,
      });
    });

    it('a server that does not speak TLS, as such', async () => {
      server.respond = respondWith(200, checkBody(200));
      const servers = server.pages.url.replace('http:', 'https:');
      expect((await client({ servers }).check()).message).to.equal(
        `${servers}: TLS: wrong version number; the server may not speak TLS: ` +
          'http:// instead of https://?',
      );
    });

    it('one that sends its body in drops, within its time', async () => {
      const drops: NodeJS.Timeout[] = [];
      server.respond = (_, response) => {
        response.writeHead(200).write(checkBody(200));
        drops.push(setInterval(() => response.write(' '), 20));
      };
      expect(await client().check()).to.include({ reason: 'unreachable', permitted: false });
      drops.map(clearInterval);
    });

    it('a response that came while the process was paused', async () => {
      server.respond = respondWith(200, checkBody(200));
      const paused: typeof fetch = async (input, init) => {
        const response = await fetch(input, init);
        const untilMs = performance.now() + REQUEST_TIMEOUT_MS + 50;
        while (performance.now() < untilMs);
        return response;
      };
      expect(await client({ fetch: paused }).check()).to.include({ reason: 'unreachable' });
    });
  });

  it('reports a malformed request as such', async () => {
    server.respond = respondWith(400, '{"StatusCode":400,"Message":"invalid metric"}');
    const { code, message } = await failureOf(client().check());
    expect({ code, message }).to.deep.equal({
      code: 'BAD_REQUEST',
      message: `${server.pages.url}: invalid metric`,
    });
  });

  it('sends its token, and reports at once that it is not enough', async () => {
    let sent: string | undefined;
    server.respond = (request, response) => {
      sent = request.headers.authorization;
      return respondWith(403, '{"StatusCode":403,"Message":"the role \\"check\\""}')(
        request,
        response,
      );
    };
    const headers = { authorization: 'Basic eDp5' };
    const { code, message } = await failureOf(client({ token: 'freno_a-b', headers }).check());
    expect(sent).to.equal('Bearer freno_a-b');
    expect({ code, message }).to.deep.equal({
      code: 'FORBIDDEN',
      message: `${server.pages.url}: the role "check"`,
    });
    const malformed = () => client({ token: 'secret\n' });
    expect(malformed).to.throw(TypeError, /^token: (?!.*secret)/);
  });

  it('reports a metric that the store does not have', async () => {
    const text = 'No such metric: threads';
    server.respond = respondWith(404, checkBody(404, { message: text }));
    const { code, message } = await failureOf(client({ metrics: ['threads'] }).check());
    expect({ code, message }).to.deep.equal({
      code: 'UNKNOWN_STORE',
      message: `${server.pages.url}: ${text}`,
    });
  });

  it('reports which metrics the store has, where freno says so', async () => {
    const Message = 'No such metric: threads';
    const Why = 'mysql/main has no metric threads; it has lag, queue';
    const explained = respondWith(404, JSON.stringify({ StatusCode: 404, Message, Why }));
    const refused = respondWith(404, checkBody(404, { message: Message }));
    server.respond = (request, response) =>
      (request.url!.startsWith('/why/') ? explained : refused)(request, response);
    const { message } = await failureOf(client({ metrics: ['threads'] }).check());
    expect(message).to.equal(`${server.pages.url}: ${Why}`);
  });

  it('reports each request to its owner', async () => {
    const events: CheckEvent[] = [];
    const one = client({ onCheck: (event) => events.push(event) });
    server.respond = respondWith(429, checkBody(429));
    await one.check();
    server.respond = (request) => request.socket.destroy();
    await one.check();
    const common = { server: server.pages.url, held: false };
    expect(events.map(({ durationMs, ...event }) => event)).to.deep.equal([
      { ...common, status: 429, reason: 'threshold-exceeded' },
      { ...common, status: 0, reason: 'unreachable' },
    ]);
  });

  describe('refuses at once', () => {
    const malformed: readonly (readonly [Partial<FrenoClientOptions>, RegExp])[] = [
      [{ servers: 'freno:8087' }, /^servers: .* must begin with http/],
      [{ servers: 'freno' }, /^servers: "freno" is not an address/],
      [{ servers: [] }, /^servers: must be 1 to 16 addresses, got 0/],
      [{ servers: 'http://a:b@freno' }, /^servers: an address has a password/],
      [{ servers: 'http://freno/?a' }, /^servers: .* must have no \?/],
      [{ shareMs: 5_000 }, /^shareMs: must be from 0 to 1000, got 5000/],
      [{ maxWaitMs: Number.NaN }, /^maxWaitMs: must be from 1/],
      [{ whenUnreachable: 'pray' as 'wait' }, /^whenUnreachable: must be/],
    ];
    for (const [options, message] of malformed) {
      it(String(message), () => {
        expect(() => client(options)).to.throw(message);
      });
    }

    for (const [name, options] of Object.entries({
      app: { app: 'a/b' },
      'app: must': { app: '' },
      store: { store: '..' },
      priority: { priority: 'high' as 'low' },
    })) {
      it(`a malformed ${name}, without a request`, async () => {
        const { message } = await failureOf(client().check(options));
        expect(message).to.match(new RegExp(`^${name}`));
        expect(server.pages.paths).to.deep.equal([]);
      });
    }
  });
});
