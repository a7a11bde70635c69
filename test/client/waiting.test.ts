/** How the client waits: what it asks for meanwhile, and how a wait ends. */
import { expect } from 'chai';
import {
  FrenoClient,
  type FrenoClientOptions,
  type WaitingReport,
  type WaitSummary,
} from '../../src/client/index.js';
import { checkBody, type Respond, respondWith, withoutWhy } from '../support/check-responses.js';
import { failureOf } from '../support/failure.js';
import { Pages } from '../support/pages.js';
import { until } from '../support/until.js';

const CHECK = '/check/job/mysql/main';
const HELD = `${CHECK}?wait=10`;
const WHY = '/why/job/mysql/main';

const yes = respondWith(200, checkBody(200));
const no = withoutWhy(respondWith(429, checkBody(429, { value: 8.2 })));
const denied = respondWith(417, checkBody(417, { message: 'App denied', threshold: 0 }));
const unknown = respondWith(404, checkBody(404, { message: 'No such metric', threshold: 0 }));
const follower = respondWith(404, checkBody(404, { message: 'Not the leader' }));
const silent: Respond = (request) => request.socket.destroy();

/** Holds responses to `wait`, and answers other requests as `respond` does. */
function holding(held: (() => void)[], respond: Respond): Respond {
  return (request, response) => {
    if (request.url === HELD) held.push(() => yes(request, response));
    else respond(request, response);
  };
}

describe('a client that waits', () => {
  let pages: Pages;
  let respond: Respond;

  beforeEach(async () => {
    pages = await Pages.serve((request, response) => respond(request, response));
  });

  afterEach(() => pages.close());

  function client(options: Partial<FrenoClientOptions> = {}): FrenoClient {
    return new FrenoClient({ servers: pages.url, app: 'job', store: 'main', ...options });
  }

  function requests(path: string): number {
    return pages.paths.filter((each) => each === path).length;
  }

  it('has its permission at once from a yes', async () => {
    respond = yes;
    const { answer } = await client().waitFor();
    expect(answer).to.include({ permitted: true, value: 0.43 });
    expect(pages.paths).to.deep.equal([CHECK]);
  });

  it('lets the server hold the response until it is a yes', async () => {
    const held: (() => void)[] = [];
    respond = holding(held, no);
    const permission = client().waitFor();
    await until(() => held.length === 1);
    held[0]!();
    expect((await permission).answer).to.include({ permitted: true });
    expect(pages.paths).to.deep.equal([CHECK, HELD]);
  });

  it('asks again and again where the server does not hold the response', async () => {
    respond = no;
    const permission = client().waitFor();
    await until(() => requests(CHECK) >= 3);
    expect(requests(HELD)).to.equal(1);
    respond = yes;
    expect((await permission).answer).to.include({ permitted: true });
  });

  it('asks again where a balancer does not wait for the held response', async () => {
    respond = (request, response) =>
      (request.url === HELD ? respondWith(504, '') : no)(request, response);
    const permission = client().waitFor();
    await until(() => requests(CHECK) >= 2);
    respond = yes;
    expect((await permission).answer).to.include({ permitted: true });
    expect(requests(HELD)).to.equal(1);
  });

  it('does not ask for a held response that freno would not hold: the app is denied', async () => {
    respond = denied;
    const permission = client().waitFor();
    await until(() => requests(CHECK) >= 2);
    respond = yes;
    await permission;
    expect(requests(HELD)).to.equal(0);
  });

  it('asks another server at once when the one that holds stops leading', async () => {
    const other = await Pages.serve(yes);
    try {
      respond = (request, response) =>
        (request.url === HELD ? follower : requests(HELD) > 0 ? follower : no)(request, response);
      const { answer } = await client({ servers: [pages.url, other.url] }).waitFor();
      expect(answer).to.include({ permitted: true, server: other.url });
      expect(pages.paths).to.deep.equal([CHECK, HELD, CHECK]);
    } finally {
      await other.close();
    }
  });

  it('remembers the server that leads', async () => {
    const leader = await Pages.serve(yes);
    try {
      respond = follower;
      const one = client({ servers: [pages.url, leader.url] });
      for (let waits = 0; waits < 3; waits++) await one.waitFor();
      expect(pages.paths).to.have.length(1);
      expect(leader.paths).to.have.length(3);
    } finally {
      await leader.close();
    }
  });

  describe('ends', () => {
    it('after its time, with the reason', async () => {
      respond = no;
      const { code, message } = await failureOf(client({ maxWaitMs: 50 }).waitFor());
      expect({ code, message }).to.deep.equal({
        code: 'WAIT_TIMEOUT',
        message: 'job may not write to mysql/main within 0.05 s: 8.2 is above the threshold 1',
      });
    });

    it('after its time, with the words of freno and the host where it has some', async () => {
      const Why = 'waits: lag on db7:3306 is 8.2 s, above 1 s';
      const explained = respondWith(429, JSON.stringify({ StatusCode: 429, Why }));
      respond = (request, response) => (request.url === WHY ? explained : no)(request, response);
      const { message } = await failureOf(client({ maxWaitMs: 500 }).waitFor());
      expect(message).to.equal(`job may not write to mysql/main within 0.5 s: ${Why}`);
      expect(requests(WHY)).to.equal(1);
    });

    it('after its time when the server never responds', async () => {
      respond = () => undefined;
      const { code } = await failureOf(client().waitFor({ maxWaitMs: 50 }));
      expect(code).to.equal('WAIT_TIMEOUT');
    });

    it('with the reason of its signal, and ends its request', async () => {
      const held: (() => void)[] = [];
      respond = holding(held, no);
      const controller = new AbortController();
      const permission = client().waitFor({ signal: controller.signal });
      await until(() => held.length === 1);
      const reason = new Error('the job ends');
      controller.abort(reason);
      expect(await failureOf(permission)).to.equal(reason);
      await until(() => pages.open === 0);
    });

    it('at once when the signal has aborted before', async () => {
      const reason = new Error('the job has ended');
      respond = yes;
      const signal = AbortSignal.abort(reason);
      const one = client();
      const calls = [
        one.check({ signal }),
        one.checkRead(1, { signal }),
        one.replicationDelay({ signal }),
        one.why({ signal }),
        one.waitFor({ signal }),
      ];
      for (const call of calls) expect(await failureOf(call)).to.equal(reason);
      expect(pages.paths).to.deep.equal([]);
    });

    it('when the server does not know the store, with what it says', async () => {
      const text = 'no store mysql/main: the nearest is mysql/main1';
      const explained = { StatusCode: 404, Message: 'No such metric', Why: text };
      respond = (request, response) =>
        request.url!.startsWith('/why/')
          ? respondWith(404, JSON.stringify(explained))(request, response)
          : unknown(request, response);
      const { code, message } = await failureOf(client().waitFor());
      expect(code).to.equal('UNKNOWN_STORE');
      expect(message).to.include(text);
    });

    it('when a leader does not get to know the store, and cannot explain itself', async () => {
      respond = withoutWhy((request, response) =>
        request.url === '/leader-check'
          ? respondWith(200, '"HTTP 200"\n')(request, response)
          : unknown(request, response),
      );
      const { code } = await failureOf(client().waitFor());
      expect(code).to.equal('UNKNOWN_STORE');
      expect(requests(CHECK)).to.be.greaterThan(2);
    });
  });

  it('waits on while the original freno has no leader: it does not know any store', async () => {
    respond = withoutWhy(unknown);
    const permission = client().waitFor();
    await until(() => requests('/leader-check') > 0);
    respond = yes;
    expect((await permission).answer).to.include({ permitted: true });
  });

  describe('without a freno that responds', () => {
    beforeEach(() => {
      respond = silent;
    });

    it('waits on, unless it may do otherwise', async () => {
      const permission = client({ unreachableAfterMs: 0 }).waitFor();
      await until(() => pages.paths.length >= 3);
      respond = yes;
      expect((await permission).answer).to.include({ permitted: true });
    });

    it('rejects after a time, if it shall', async () => {
      const options = { whenUnreachable: 'reject', unreachableAfterMs: 200 } as const;
      const { code } = await failureOf(client(options).waitFor());
      expect(code).to.equal('UNREACHABLE');
      expect(pages.paths.length).to.be.greaterThan(1);
    });

    it('goes on after a time, if it shall, and says that it has no yes', async () => {
      const summaries: WaitSummary[] = [];
      const one = client({
        whenUnreachable: 'proceed',
        unreachableAfterMs: 200,
        onWaited: (summary) => summaries.push(summary),
      });
      expect(await one.waitFor()).to.include({ answer: null });
      const asked = pages.paths.length;
      expect(await one.waitFor()).to.include({ answer: null });
      expect(pages.paths.length).to.equal(asked);
      expect(summaries.map(({ outcome }) => outcome)).to.deep.equal(['proceeded', 'proceeded']);
    });

    it('does not go on because its app is denied, for however long', async () => {
      respond = denied;
      const permission = client({ whenUnreachable: 'proceed', unreachableAfterMs: 0 }).waitFor();
      await until(() => requests(CHECK) >= 3);
      respond = yes;
      expect((await permission).answer).to.include({ permitted: true });
    });
  });

  describe('reports', () => {
    it('why it still waits, by the words of freno', async () => {
      const reports: WaitingReport[] = [];
      const text = 'waits: lag on db7:3306 is 8.2 s, above 1 s, for 40 s';
      respond = (request, response) =>
        request.url!.startsWith('/why/')
          ? respondWith(429, JSON.stringify({ StatusCode: 429, Why: text }))(request, response)
          : no(request, response);
      const one = client({ reportAfterMs: 20, onWaiting: (report) => reports.push(report) });
      const permission = one.waitFor();
      await until(() => reports.length > 0);
      respond = yes;
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
      respond = no;
      const one = client({ reportAfterMs: 200, onWaiting: (report) => reports.push(report) });
      const permission = one.waitFor();
      await until(() => reports.length > 0);
      respond = yes;
      await permission;
      expect(reports[0]!.because).to.equal('8.2 is above the threshold 1');
    });

    it('how a wait ended', async () => {
      const summaries: WaitSummary[] = [];
      const one = client({ maxWaitMs: 20, onWaited: (summary) => summaries.push(summary) });
      respond = no;
      await failureOf(one.waitFor());
      respond = yes;
      await one.waitFor();
      const common = { app: 'job', store: 'mysql/main' };
      expect(summaries.map(({ waitedMs, ...summary }) => summary)).to.deep.equal([
        { ...common, outcome: 'rejected' },
        { ...common, outcome: 'permitted' },
      ]);
    });

    it('and ends by what its owner throws', async () => {
      const mistake = new Error('a mistake in the report');
      respond = no;
      const one = client({
        reportAfterMs: 20,
        onWaiting: () => {
          throw mistake;
        },
      });
      expect(await failureOf(one.waitFor())).to.equal(mistake);
    });
  });

  describe('for many callers', () => {
    const callers = Array.from({ length: 50 }, (_, index) => index);

    it('asks once for all that share a yes', async () => {
      respond = yes;
      const one = client({ shareMs: 1_000 });
      await Promise.all(callers.map(() => one.waitFor()));
      await one.check();
      expect(pages.paths).to.deep.equal([CHECK]);
    });

    it('asks for each that shares none', async () => {
      respond = yes;
      const one = client();
      await Promise.all(callers.map(() => one.waitFor()));
      expect(pages.paths).to.have.length(callers.length);
    });

    it('does not share a yes of another question', async () => {
      respond = (request, response) => (request.url === CHECK ? yes : denied)(request, response);
      const one = client({ shareMs: 1_000 });
      expect(await one.check()).to.include({ permitted: true });
      expect(await one.check({ app: 'other' })).to.include({ permitted: false });
      expect(await one.check({ store: 'other' })).to.include({ permitted: false });
      expect(await one.check({ priority: 'low' })).to.include({ permitted: false });
    });

    it('does not share a yes that is too old, nor any refusal', async () => {
      respond = yes;
      const one = client({ shareMs: 1 });
      await one.check();
      respond = no;
      await until(async () => !(await one.check()).permitted);
      respond = yes;
      expect(await one.check()).to.include({ permitted: true });
    });

    it('waits once for all, and lets all go at the yes', async () => {
      const held: (() => void)[] = [];
      respond = holding(held, no);
      const one = client({ shareMs: 100 });
      const permissions = callers.map(() => one.waitFor());
      await until(() => held.length === 1);
      held[0]!();
      await Promise.all(permissions);
      expect(pages.paths).to.deep.equal([CHECK, HELD]);
    });

    it('lets one go without the others', async () => {
      const held: (() => void)[] = [];
      respond = holding(held, no);
      const one = client({ shareMs: 100 });
      const controller = new AbortController();
      const leaving = one.waitFor({ signal: controller.signal });
      const staying = one.waitFor();
      await until(() => held.length === 1);
      const reason = new Error('the job ends');
      controller.abort(reason);
      expect(await failureOf(leaving)).to.equal(reason);
      held[0]!();
      expect((await staying).answer).to.include({ permitted: true });
      expect(requests(HELD)).to.equal(1);
    });

    it('serves a caller that comes when the last of the others has gone', async () => {
      const held: (() => void)[] = [];
      respond = holding(held, no);
      const one = client({ shareMs: 100 });
      const controller = new AbortController();
      const leaving = one.waitFor({ signal: controller.signal });
      await until(() => held.length === 1);
      controller.abort(new Error('the job ends'));
      await failureOf(leaving);
      const coming = one.waitFor();
      await until(() => held.length === 2);
      held[1]!();
      expect((await coming).answer).to.include({ permitted: true });
    });
  });

  describe('for batches', () => {
    it('passes each on after a yes for it', async () => {
      const events: string[] = [];
      respond = (request, response) => {
        events.push('check');
        yes(request, response);
      };
      async function* read(): AsyncGenerator<string> {
        yield* ['a', 'b'];
      }
      for await (const batch of client().throttle(read())) events.push(batch);
      for await (const batch of client().throttle(['c'])) events.push(batch);
      expect(events).to.deep.equal(['check', 'a', 'check', 'b', 'check', 'c']);
    });

    it('closes their source when the loop ends early, or there is no yes', async () => {
      const closed: string[] = [];
      function* read(name: string): Generator<number> {
        try {
          yield* [1, 2, 3];
        } finally {
          closed.push(name);
        }
      }
      respond = yes;
      for await (const _ of client().throttle(read('break'))) break;
      respond = no;
      const throttled = client({ maxWaitMs: 20 }).throttle(read('timeout'));
      expect(await failureOf(throttled.next())).to.include({ code: 'WAIT_TIMEOUT' });
      expect(closed).to.deep.equal(['break', 'timeout']);
    });
  });
});
