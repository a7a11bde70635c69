/** Checks that wait (`?wait=`), and checks of several stores (`/check-all`), over HTTP. */
import { connect } from 'node:net';
import { expect } from 'chai';
import { WAITERS_PER_CLIENT_MAX } from '../../src/http/worker/waiters.js';
import { MetricState } from '../../src/throttle/metric.js';
import { fetchOnce } from '../support/http-client.js';
import { ENGINES, TestFront } from '../support/http-front.js';
import { until } from '../support/until.js';

const PATH = '/check/archive/mysql/main1';

for (const engine of ENGINES) {
  describe(`a check that waits on the ${engine} engine`, () => {
    let front: TestFront;

    beforeEach(async () => {
      front = await TestFront.start(engine);
      front.addStore('main1', { measured: { value: 9 } });
      front.addStore('main2');
    });

    afterEach(() => front.stop());

    const statusOf = async (path: string): Promise<number> =>
      (await fetchOnce(front.port, path)).status;

    /** Resolves when that many clients wait. */
    const untilWaiting = (count: number): Promise<unknown> =>
      until(() => front.waiters.waiting === count);

    it('is answered at once when it is 200, or waiting does not change it', async () => {
      front.state.apply({ kind: 'throttleApp', atMs: Date.now(), key: 'denied', ratio: 1 });
      expect(await statusOf('/check/archive/mysql/main2?wait=60')).to.equal(200);
      expect(await statusOf('/check/denied/mysql/main1?wait=60')).to.equal(417);
      expect(await statusOf('/check/archive/mysql/nosuch?wait=60')).to.equal(404);
      expect(await statusOf(`${PATH}?wait=60&metric=nosuch`)).to.equal(404);
      front.lead(false);
      expect(await statusOf(`${PATH}?wait=60`)).to.equal(404);
    });

    it('is answered when it becomes 200, and counted once', async () => {
      const answer = fetchOnce(front.port, `${PATH}?wait=60`);
      await untilWaiting(1);
      expect([...front.counters.counts()].every(({ exceeded }) => exceeded === 0)).to.equal(true);
      front.measure('main1', { value: 0.5 });
      expect(await answer).to.include({ status: 200 });
      expect([...front.counters.counts()]).to.have.length(1);
      expect([...front.counters.counts()][0]).to.include({ ok: 1, exceeded: 0 });
    });

    it('is counted for the client that it is of, also where others ask the same', async () => {
      const addresses = ['10.0.0.1', '10.0.0.2', '10.0.0.3'];
      const answers = addresses.map((address) =>
        fetchOnce(front.port, `${PATH}?wait=60`, { headers: { 'X-Forwarded-For': address } }),
      );
      await untilWaiting(3);
      front.measure('main1', { value: 0.5 });
      await Promise.all(answers);
      const seen = JSON.stringify([...front.recentApps.entries()]);
      for (const address of addresses) expect(seen).to.include(address);
    });

    it('is answered as it is when its time is over, with reasons if it asks for them', async () => {
      expect(await statusOf(`${PATH}?wait=0.03`)).to.equal(429);
      const { status, body } = await fetchOnce(front.port, `${PATH}?wait=0.03&verbose=1`);
      expect(status).to.equal(429);
      expect(JSON.parse(body)).to.include({ Why: 'waits: lag is 9 s, above 1 s' });
    });

    it('waits for a value that is not there yet, and for one that cannot be read', async () => {
      front.addStore('new', { measured: null });
      front.measure('main1', { state: MetricState.error, errorText: 'down' });
      const answers = [statusOf('/check/a/mysql/new?wait=60'), statusOf(`${PATH}?wait=60`)];
      await untilWaiting(2);
      front.measure('new', {});
      front.measure('main1', { value: 0.5 });
      expect(await Promise.all(answers)).to.deep.equal([200, 200]);
    });

    it('is answered when the app is throttled or exempted meanwhile', async () => {
      const throttled = statusOf(`${PATH}?wait=60`);
      const exempted = statusOf('/check/other/mysql/main1?wait=60');
      await untilWaiting(2);
      front.state.apply({ kind: 'throttleApp', atMs: Date.now(), key: 'archive', ratio: 1 });
      front.state.apply({
        ...{ kind: 'exemptApp', atMs: Date.now(), key: 'other' },
        expireAtMs: Date.now() + 60_000,
      });
      expect(await Promise.all([throttled, exempted])).to.deep.equal([417, 200]);
    });

    it('is answered when this node stops leading, and when the worker stops', async () => {
      const lost = statusOf(`${PATH}?wait=60`);
      await untilWaiting(1);
      front.lead(false);
      expect(await lost).to.equal(404);
      front.lead(true);
      const stopped = statusOf(`${PATH}?wait=60`);
      await untilWaiting(1);
      front.waiters.stop();
      expect(await stopped).to.equal(429);
    });

    it('holds low priority off while it waits', async () => {
      const answer = statusOf(`${PATH}?wait=60`);
      await untilWaiting(1);
      expect(await statusOf('/check/low/mysql/main1?p=low')).to.equal(417);
      front.measure('main1', { value: 0.5 });
      await answer;
    });

    it('gives up its place when its client goes', async () => {
      const socket = connect(front.port, '127.0.0.1');
      socket.write(`GET ${PATH}?wait=60 HTTP/1.1\r\nHost: freno\r\n\r\n`);
      await untilWaiting(1);
      socket.destroy();
      await untilWaiting(0);
    });

    it('is answered at once when its client waits too often', async () => {
      const sockets = Array.from({ length: WAITERS_PER_CLIENT_MAX }, () => {
        const socket = connect(front.port, '127.0.0.1');
        socket.write(`GET ${PATH}?wait=60 HTTP/1.1\r\nHost: freno\r\n\r\n`);
        return socket;
      });
      await untilWaiting(WAITERS_PER_CLIENT_MAX);
      expect(await statusOf(`${PATH}?wait=60`)).to.equal(429);
      expect(front.waiters.refused).to.equal(1);
      for (const socket of sockets) socket.destroy();
    });

    for (const odd of ['61', '-1', 'soon', '1e9']) {
      it(`refuses ${odd} seconds by name`, async () => {
        const response = await fetchOnce(front.port, `${PATH}?wait=${odd}`);
        expect(response.status).to.equal(400);
        expect(response.body).to.match(/wait: seconds from 0 to 60/);
      });
    }

    it('answers HEAD like GET', async () => {
      const waiting = fetchOnce(front.port, `${PATH}?wait=60`, { method: 'HEAD' });
      await untilWaiting(1);
      front.measure('main1', { value: 0.5 });
      expect(await waiting).to.include({ status: 200, body: '' });
    });
  });

  describe(`a check of several stores on the ${engine} engine`, () => {
    let front: TestFront;

    beforeEach(async () => {
      front = await TestFront.start(engine);
      front.addStore('calm', { measured: { value: 0.43 } });
      front.addStore('busy', { measured: { value: 3 } });
      front.addStore('busier', { measured: { value: 30, state: MetricState.ok }, threshold: 20 });
      front.addStore('down', { measured: { state: MetricState.error, errorText: 'down' } });
    });

    afterEach(() => front.stop());

    const ask = async (query: string): Promise<{ status: number; body: string }> => {
      const { status, body } = await fetchOnce(front.port, `/check-all/archive?${query}`);
      return { status, body };
    };

    it('has the keys of the worst, and each store by itself in the order asked', async () => {
      expect(await ask('store=mysql/busier&store=mysql/calm&store=mysql/busy')).to.deep.equal({
        status: 429,
        body:
          '{"StatusCode":429,"Value":3,"Threshold":1,"Message":"Threshold exceeded","Stores":[' +
          '{"Store":"mysql/busier","StatusCode":429,"Value":30,"Threshold":20,' +
          '"Message":"Threshold exceeded"},' +
          '{"Store":"mysql/calm","StatusCode":200,"Value":0.43,"Threshold":1,"Message":""},' +
          '{"Store":"mysql/busy","StatusCode":429,"Value":3,"Threshold":1,' +
          '"Message":"Threshold exceeded"}]}\n',
      });
    });

    it('takes an error for worse than an unknown store, and that than a value', async () => {
      expect((await ask('store=mysql/busy&store=mysql/nosuch')).status).to.equal(404);
      expect((await ask('store=mysql/nosuch&store=mysql/down')).status).to.equal(500);
      front.state.apply({ kind: 'throttleApp', atMs: Date.now(), key: 'archive/calm', ratio: 1 });
      expect((await ask('store=mysql/down&store=mysql/calm')).status).to.equal(417);
    });

    it('counts each store as a check, and the app once', async () => {
      await ask('store=mysql/calm&store=mysql/busy');
      const counts = [...front.counters.counts()].map(({ storeName, ok, exceeded }) => [
        ...[storeName, ok, exceeded],
      ]);
      expect(counts).to.deep.equal([
        ['calm', 1, 0],
        ['busy', 0, 1],
      ]);
      expect([...front.recentApps.entries()]).to.have.length(1);
    });

    it('waits until all stores pass', async () => {
      const answer = ask('store=mysql/calm&store=mysql/busy&store=mysql/down&wait=60');
      await until(() => front.waiters.waiting === 1);
      front.measure('busy', { value: 0.5 });
      front.measure('down', { value: 0.5 });
      expect((await answer).status).to.equal(200);
    });

    const refused: ReadonlyArray<readonly [query: string, message: RegExp]> = [
      ['', /store: 1 to 64 of them, got 0/],
      [Array.from({ length: 65 }, () => 'store=mysql/calm').join('&'), /got 65/],
      ['store=calm', /store: TYPE\/NAME, got calm/],
      ['store=mysql/calm&store=a/b/c', /got a\/b\/c/],
      ['store=mysql/calm&wait=61', /wait: seconds/],
    ];
    for (const [query, message] of refused) {
      it(`refuses "${query.slice(0, 40)}" by name`, async () => {
        const { status, body } = await ask(query);
        expect(status).to.equal(400);
        expect(body).to.match(message);
      });
    }
  });
}
