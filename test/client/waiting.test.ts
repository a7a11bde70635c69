/** How the client waits: what it asks for meanwhile, and how a wait ends. */
import { expect } from 'chai';
import type { WaitingReport, WaitSummary } from '../../src/client/index.js';
import { checkBody, type Respond, respondWith, withoutWhy } from '../support/check-responses.js';
import { failureOf } from '../support/failure.js';
import { Pages } from '../support/pages.js';
import { until } from '../support/until.js';
import { AskedServer, CHECK, denied, HELD, holding, no, WHY, yes } from './asked-server.js';

const unknown = respondWith(404, checkBody(404, { message: 'No such metric', threshold: 0 }));
const follower = respondWith(404, checkBody(404, { message: 'Not the leader' }));
const silent: Respond = (request) => request.socket.destroy();

describe('a client that waits', () => {
  let server: AskedServer;

  beforeEach(async () => {
    server = await AskedServer.start();
  });

  afterEach(() => server.close());

  it('has its permission at once from a yes', async () => {
    server.respond = yes;
    const { answer } = await server.client().waitFor();
    expect(answer).to.include({ permitted: true, value: 0.43 });
    expect(server.pages.paths).to.deep.equal([CHECK]);
  });

  it('lets the server hold the response until it is a yes', async () => {
    const held: (() => void)[] = [];
    server.respond = holding(held, no);
    const permission = server.client().waitFor();
    await until(() => held.length === 1);
    held[0]!();
    expect((await permission).answer).to.include({ permitted: true });
    expect(server.pages.paths).to.deep.equal([CHECK, HELD]);
  });

  it('asks again and again where the server does not hold the response', async () => {
    server.respond = no;
    const permission = server.client().waitFor();
    await until(() => server.requests(CHECK) >= 3);
    expect(server.requests(HELD)).to.equal(1);
    server.respond = yes;
    expect((await permission).answer).to.include({ permitted: true });
  });

  it('asks again where a balancer does not wait for the held response', async () => {
    server.respond = (request, response) =>
      (request.url === HELD ? respondWith(504, '') : no)(request, response);
    const permission = server.client().waitFor();
    await until(() => server.requests(CHECK) >= 2);
    server.respond = yes;
    expect((await permission).answer).to.include({ permitted: true });
    expect(server.requests(HELD)).to.equal(1);
  });

  it('does not ask for a held response that freno would not hold: the app is denied', async () => {
    server.respond = denied;
    const permission = server.client().waitFor();
    await until(() => server.requests(CHECK) >= 2);
    server.respond = yes;
    await permission;
    expect(server.requests(HELD)).to.equal(0);
  });

  it('asks another server at once when the one that holds stops leading', async () => {
    const other = await Pages.serve(yes);
    try {
      server.respond = (request, response) =>
        (request.url === HELD ? follower : server.requests(HELD) > 0 ? follower : no)(
          request,
          response,
        );
      const { answer } = await server.client({ servers: [server.pages.url, other.url] }).waitFor();
      expect(answer).to.include({ permitted: true, server: other.url });
      expect(server.pages.paths).to.deep.equal([CHECK, HELD, CHECK]);
    } finally {
      await other.close();
    }
  });

  it('remembers the server that leads', async () => {
    const leader = await Pages.serve(yes);
    try {
      server.respond = follower;
      const one = server.client({ servers: [server.pages.url, leader.url] });
      for (let waits = 0; waits < 3; waits++) await one.waitFor();
      expect(server.pages.paths).to.have.length(1);
      expect(leader.paths).to.have.length(3);
    } finally {
      await leader.close();
    }
  });

  describe('ends', () => {
    it('after its time, with the reason', async () => {
      server.respond = no;
      const { code, message } = await failureOf(server.client({ maxWaitMs: 50 }).waitFor());
      expect({ code, message }).to.deep.equal({
        code: 'WAIT_TIMEOUT',
        message: 'job may not write to mysql/main within 0.05 s: 8.2 is above the threshold 1',
      });
    });

    it('after its time, with the words of freno and the host where it has some', async () => {
      const Why = 'waits: lag on db7:3306 is 8.2 s, above 1 s';
      const explained = respondWith(429, JSON.stringify({ StatusCode: 429, Why }));
      server.respond = (request, response) =>
        (request.url === WHY ? explained : no)(request, response);
      const { message } = await failureOf(server.client({ maxWaitMs: 500 }).waitFor());
      expect(message).to.equal(`job may not write to mysql/main within 0.5 s: ${Why}`);
      expect(server.requests(WHY)).to.equal(1);
    });

    it('after its time when the server never responds', async () => {
      server.respond = () => undefined;
      const { code } = await failureOf(server.client().waitFor({ maxWaitMs: 50 }));
      expect(code).to.equal('WAIT_TIMEOUT');
    });

    it('with the reason of its signal, and ends its request', async () => {
      const held: (() => void)[] = [];
      server.respond = holding(held, no);
      const controller = new AbortController();
      const permission = server.client().waitFor({ signal: controller.signal });
      await until(() => held.length === 1);
      const reason = new Error('the job ends');
      controller.abort(reason);
      expect(await failureOf(permission)).to.equal(reason);
      await until(() => server.pages.open === 0);
    });

    it('at once when the signal has aborted before', async () => {
      const reason = new Error('the job has ended');
      server.respond = yes;
      const signal = AbortSignal.abort(reason);
      const one = server.client();
      const calls = [
        one.check({ signal }),
        one.checkRead(1, { signal }),
        one.replicationDelay({ signal }),
        one.why({ signal }),
        one.waitFor({ signal }),
      ];
      for (const call of calls) expect(await failureOf(call)).to.equal(reason);
      expect(server.pages.paths).to.deep.equal([]);
    });

    it('when the server does not know the store, with what it says', async () => {
      const text = 'no store mysql/main: the nearest is mysql/main1';
      const explained = { StatusCode: 404, Message: 'No such metric', Why: text };
      server.respond = (request, response) =>
        request.url!.startsWith('/why/')
          ? respondWith(404, JSON.stringify(explained))(request, response)
          : unknown(request, response);
      const { code, message } = await failureOf(server.client().waitFor());
      expect(code).to.equal('UNKNOWN_STORE');
      expect(message).to.include(text);
    });

    it('when a leader does not get to know the store, and cannot explain itself', async () => {
      server.respond = withoutWhy((request, response) =>
        request.url === '/leader-check'
          ? respondWith(200, '"HTTP 200"\n')(request, response)
          : unknown(request, response),
      );
      const { code } = await failureOf(server.client().waitFor());
      expect(code).to.equal('UNKNOWN_STORE');
      expect(server.requests(CHECK)).to.be.greaterThan(2);
    });
  });

  it('waits on while the original freno has no leader: it does not know any store', async () => {
    server.respond = withoutWhy(unknown);
    const permission = server.client().waitFor();
    await until(() => server.requests('/leader-check') > 0);
    server.respond = yes;
    expect((await permission).answer).to.include({ permitted: true });
  });

  describe('without a freno that responds', () => {
    beforeEach(() => {
      server.respond = silent;
    });

    it('waits on, unless it may do otherwise', async () => {
      const permission = server.client({ unreachableAfterMs: 0 }).waitFor();
      await until(() => server.pages.paths.length >= 3);
      server.respond = yes;
      expect((await permission).answer).to.include({ permitted: true });
    });

    it('rejects after a time, if it shall', async () => {
      const options = { whenUnreachable: 'reject', unreachableAfterMs: 200 } as const;
      const { code } = await failureOf(server.client(options).waitFor());
      expect(code).to.equal('UNREACHABLE');
      expect(server.pages.paths.length).to.be.greaterThan(1);
    });

    it('goes on after a time, if it shall, and says that it has no yes', async () => {
      const summaries: WaitSummary[] = [];
      const one = server.client({
        whenUnreachable: 'proceed',
        unreachableAfterMs: 200,
        onWaited: (summary) => summaries.push(summary),
      });
      expect(await one.waitFor()).to.include({ answer: null });
      const asked = server.pages.paths.length;
      expect(await one.waitFor()).to.include({ answer: null });
      expect(server.pages.paths.length).to.equal(asked);
      expect(summaries.map(({ outcome }) => outcome)).to.deep.equal(['proceeded', 'proceeded']);
    });

    it('does not go on because its app is denied, for however long', async () => {
      server.respond = denied;
      const permission = server
        .client({ whenUnreachable: 'proceed', unreachableAfterMs: 0 })
        .waitFor();
      await until(() => server.requests(CHECK) >= 3);
      server.respond = yes;
      expect((await permission).answer).to.include({ permitted: true });
    });
  });

  describe('reports', () => {
    it('why it still waits, by the words of freno', async () => {
      const reports: WaitingReport[] = [];
      const text = 'waits: lag on db7:3306 is 8.2 s, above 1 s, for 40 s';
      server.respond = (request, response) =>
        request.url!.startsWith('/why/')
          ? respondWith(429, JSON.stringify({ StatusCode: 429, Why: text }))(request, response)
          : no(request, response);
      const one = server.client({ reportAfterMs: 20, onWaiting: (report) => reports.push(report) });
      const permission = one.waitFor();
      await until(() => reports.length > 0);
      server.respond = yes;
      await permission;
      const [{ app, store, because }] = reports as [WaitingReport];
      expect({ app, store, because }).to.deep.equal({
        app: 'job',
        store: 'mysql/main',
        because: text,
      });
    });

    it('why it still waits, by the answer, where freno does not explain itself', async () => {
      const reports: WaitingReport[] = [];
      server.respond = no;
      const one = server.client({
        reportAfterMs: 200,
        onWaiting: (report) => reports.push(report),
      });
      const permission = one.waitFor();
      await until(() => reports.length > 0);
      server.respond = yes;
      await permission;
      expect(reports[0]!.because).to.equal('8.2 is above the threshold 1');
    });

    it('how a wait ended', async () => {
      const summaries: WaitSummary[] = [];
      const one = server.client({ maxWaitMs: 20, onWaited: (summary) => summaries.push(summary) });
      server.respond = no;
      await failureOf(one.waitFor());
      server.respond = yes;
      await one.waitFor();
      const common = { app: 'job', store: 'mysql/main' };
      expect(summaries.map(({ waitedMs, ...summary }) => summary)).to.deep.equal([
        { ...common, outcome: 'rejected' },
        { ...common, outcome: 'permitted' },
      ]);
    });

    it('and ends by what its owner throws', async () => {
      const mistake = new Error('a mistake in the report');
      server.respond = no;
      const one = server.client({
        reportAfterMs: 20,
        onWaiting: () => {
          throw mistake;
        },
      });
      expect(await failureOf(one.waitFor())).to.equal(mistake);
    });
  });
});
