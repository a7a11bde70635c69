/** Checks over HTTP: every row of the table in docs/http.md, on both engines. */
import { expect } from 'chai';
import { monotonicMs } from '../../src/base/clock.js';
import { MetricState } from '../../src/throttle/metric.js';
import { fetchJson, fetchOnce } from '../support/http-client.js';
import { ENGINES, TestFront } from '../support/http-front.js';
import { throttle } from '../support/http-pool.js';
import { needAddress } from '../support/needs.js';
import { checkCount } from '../support/statistics.js';

type ExpectedRow = readonly [
  path: string,
  status: number,
  value: number,
  threshold: number,
  message: string,
];

/**
 * Stores: `ok` 0.43 of 1, `busy` 9.25 of 1, `down` in error, `half` not read yet, `empty` without
 * hosts, `ignored` whose hosts are all ignored, `mute` never measured, `old` stale.
 */
const ROWS: readonly ExpectedRow[] = [
  ['/check/a/mysql/ok', 200, 0.43, 1, ''],
  ['/check/a/mysql/busy', 429, 9.25, 1, 'Threshold exceeded'],
  ['/check/denied/mysql/ok', 417, 0, 0, 'App denied'],
  ['/check/partly/mysql/ok', 417, 0, 0, 'App denied'],
  ['/check/partly/mysql/busy', 429, 9.25, 1, 'Threshold exceeded'],
  ['/check//mysql/ok', 417, 0.43, 1, 'no app indicated'],
  ['/check//mysql/busy', 417, 9.25, 1, 'no app indicated'],
  ['/check//mysql/nosuch', 417, 0, 0, 'no app indicated'],
  ['/check-if-exists//mysql/nosuch', 417, 0, 0, 'no app indicated'],
  ['/check-read//mysql/nosuch/5', 417, 0, 5, 'no app indicated'],
  ['/check//postgresql/ok', 404, 0, 0, 'No such metric'],
  ['/check/a/postgresql/ok', 404, 0, 0, 'No such metric'],
  ['/check/denied/postgresql/ok', 404, 0, 0, 'No such metric'],
  ['/check/a/mysql/nosuch', 404, 0, 0, 'No such metric'],
  ['/check/a/mysql/mute', 404, 0, 1, 'No metric yet'],
  ['/check/a/mysql/old', 404, 0, 1, 'No metric yet'],
  ['/check/a/mysql/half', 500, 0, 1, 'Metric not collected yet'],
  ['/check/a/mysql/empty', 500, 0, 1, 'No hosts found'],
  ['/check/a/mysql/ignored', 500, 0, 1, 'No hosts found; ignored: db1: "denied"'],
  ['/check/a/mysql/down', 500, 0, 1, 'connection "refused"'],

  ['/check-if-exists/a/mysql/ok', 200, 0.43, 1, ''],
  ['/check-if-exists/a/mysql/busy', 429, 9.25, 1, 'Threshold exceeded'],
  ['/check-if-exists/a/mysql/nosuch', 200, 0, 0, 'No such metric'],
  ['/check-if-exists/a/postgresql/ok', 200, 0, 0, 'No such metric'],
  ['/check-if-exists/a/mysql/mute', 404, 0, 1, 'No metric yet'],
  ['/check-if-exists/a/mysql/old', 404, 0, 1, 'No metric yet'],
  ['/check-if-exists/denied/mysql/nosuch', 417, 0, 0, 'App denied'],
  ['/check/a/mysql/nosuch', 404, 0, 0, 'No such metric'],

  ['/check-read/a/mysql/busy/9.25', 200, 9.25, 9.25, ''],
  ['/check-read/a/mysql/busy/9.24', 429, 9.25, 9.24, 'Threshold exceeded'],
  ['/check-read/a/mysql/ok/0', 429, 0.43, 0, 'Threshold exceeded'],
  ['/check-read/a/mysql/ok/-1', 429, 0.43, -1, 'Threshold exceeded'],
  ['/check-read/a/mysql/ok/1e21', 200, 0.43, 1e21, ''],
  ['/check-read/a/mysql/ok/1e-7', 429, 0.43, 1e-7, 'Threshold exceeded'],
  ['/check-read/a/mysql/mute/5', 404, 0, 5, 'No metric yet'],
  ['/check-read/a/mysql/nosuch/5', 404, 0, 5, 'No such metric'],
  ['/check-read/a/mysql/down/5', 500, 0, 5, 'connection "refused"'],
  ['/check-read/denied/mysql/ok/5', 417, 0, 5, 'App denied'],
  ['/check-read/a/postgresql/ok/5', 404, 0, 0, 'No such metric'],
  ['/check-read-if-exists/a/mysql/nosuch/5', 200, 0, 5, 'No such metric'],
  ['/check-read-if-exists/a/mysql/ok/0.4', 429, 0.43, 0.4, 'Threshold exceeded'],
];

for (const engine of ENGINES) {
  describe(`checks on the ${engine} engine`, () => {
    let front: TestFront;

    beforeEach(async () => {
      front = await TestFront.start(engine);
      front.addStore('ok');
      front.addStore('busy', { measured: { value: 9.25 } });
      front.addStore('down', {
        measured: { state: MetricState.error, errorText: 'connection "refused"' },
      });
      front.addStore('half', { measured: { state: MetricState.notCollected } });
      front.addStore('empty', { measured: { state: MetricState.noHosts } });
      front.addStore('ignored', {
        measured: { state: MetricState.noHosts, errorText: 'ignored: db1: "denied"' },
      });
      front.addStore('mute', { measured: null });
      front.addStore('old', { measured: { readAtMs: monotonicMs() - 60_000 } });
      front.state.apply(throttle('denied'));
      front.state.apply(throttle('partly/ok'));
    });

    afterEach(() => front.stop());

    for (const [path, status, value, threshold, message] of ROWS) {
      it(`responds ${status} ${message} to ${path}`, async () => {
        const quoted = JSON.stringify(message);
        const numbers = `"StatusCode":${status},"Value":${value},"Threshold":${threshold}`;
        const json = `{${numbers},"Message":${quoted}}\n`;
        const response = await fetchOnce(front.port, path);
        expect(response).to.include({ status, body: json });
        expect(response.headers['content-type']).to.equal('application/json');
        // The cached check of the same path gives the same response.
        expect(await fetchOnce(front.port, path)).to.include({ status, body: json });
      });
    }

    it('does not mix one response with the next', async () => {
      const paths = [
        '/check-if-exists/a/mysql/nosuch',
        '/check/a/mysql/nosuch',
        '/check/a/mysql/ok?p=low',
      ];
      const statuses: number[] = [];
      for (const path of [...paths, '/check/a/mysql/busy', '/check/a/mysql/ok', ...paths]) {
        statuses.push((await fetchOnce(front.port, path)).status);
      }
      expect(statuses).to.deep.equal([200, 404, 200, 429, 200, 200, 404, 200]);
    });

    for (const threshold of ['abc', '', '1x', 'NaN', 'Inf', '0x10', '1e999', '%20']) {
      it(`refuses the threshold ${JSON.stringify(threshold)}`, async () => {
        const { status } = await fetchOnce(front.port, `/check-read/a/mysql/ok/${threshold}`);
        // Without a threshold the path is not the path of a check.
        expect(status).to.equal(threshold === '' ? 404 : 400);
      });
    }

    it('responds 404 with the threshold while the node does not lead', async () => {
      front.lead(false);
      expect((await fetchOnce(front.port, '/check/a/mysql/ok')).body).to.equal(
        '{"StatusCode":404,"Value":0,"Threshold":1,"Message":"Not the leader"}\n',
      );
    });

    it('responds 404 to a check as soon as the lease has expired', async () => {
      front.lead(true, -1);
      expect((await fetchOnce(front.port, '/check/a/mysql/ok')).status).to.equal(404);
      expect((await fetchOnce(front.port, '/leader-check')).status).to.equal(404);
    });

    it('follows the value, the threshold and the list of stores', async () => {
      const statusOf = async (): Promise<number> =>
        (await fetchOnce(front.port, '/check/a/mysql/ok')).status;
      expect(await statusOf()).to.equal(200);
      front.measure('ok', { value: 1.5 });
      expect(await statusOf()).to.equal(429);
      front.board.publishSettings(0, { generation: 7, threshold: 2, maxAgeMs: 5000 });
      expect(await statusOf()).to.equal(200);
      front.handler.setStores([]);
      expect(await statusOf()).to.equal(404);
    });

    it('denies low priority for a second after a 429 of normal priority', async () => {
      const low = async (store: string): Promise<string> =>
        (await fetchOnce(front.port, `/check/low/mysql/${store}?p=low`)).body;
      expect(await low('busy')).to.contain('Threshold exceeded');
      expect(await low('busy'), 'a low-priority 429 holds nothing').to.contain('exceeded');
      await fetchOnce(front.port, '/check-read/a/mysql/busy/1');
      expect(await low('busy'), 'check-read holds nothing').to.contain('exceeded');
      await fetchOnce(front.port, '/check/freno/mysql/busy');
      expect(await low('busy'), 'freno holds nothing').to.contain('exceeded');
      await fetchOnce(front.port, '/check/a/mysql/busy');
      expect(await low('busy')).to.equal(
        '{"StatusCode":417,"Value":0,"Threshold":0,"Message":"App denied"}\n',
      );
      expect(await low('ok'), 'another store').to.contain('"StatusCode":200');
      front.board.holdLowPriority(1, monotonicMs() - 1001);
      expect(await low('busy')).to.contain('exceeded');
    });

    it('recognises p=low among other parameters, but not similar ones', async () => {
      await fetchOnce(front.port, '/check/a/mysql/busy');
      const statusOf = async (query: string): Promise<number> =>
        (await fetchOnce(front.port, `/check/x/mysql/busy?${query}`)).status;
      expect(await statusOf('x=1&p=low')).to.equal(417);
      expect(await statusOf('p=lo%77')).to.equal(417);
      for (const query of ['p=lower', 'pp=low', 'p', 'p=', 'p=%zz', 'P=low']) {
        expect(await statusOf(query), query).to.equal(429);
      }
    });

    it('denies a throttled app with the probability of its ratio', async () => {
      front.state.apply({ kind: 'throttleApp', atMs: Date.now(), key: 'half', ratio: 0.5 });
      front.dice = 0.49;
      expect((await fetchOnce(front.port, '/check/half/mysql/ok')).status).to.equal(417);
      front.dice = 0.5;
      expect((await fetchOnce(front.port, '/check/half/mysql/ok')).status).to.equal(200);
    });

    it('expires entries by the clock of the cluster, not by that of the node', async () => {
      const day = 86_400_000;
      const trueMs = Date.now() - day;
      const hour = { kind: 'throttleApp', atMs: trueMs, expireAtMs: trueMs + 3_600_000 } as const;
      front.state.apply({ ...hour, key: 'for-an-hour' });
      front.state.apply({ kind: 'skipHost', atMs: trueMs, host: 'h', expireAtMs: trueMs + 9_000 });
      const path = '/check/for-an-hour/mysql/ok';
      const { port } = front;
      expect((await fetchOnce(port, path)).status, 'by its own clock').to.equal(200);
      front.lead(true, Number.POSITIVE_INFINITY, day);
      expect((await fetchOnce(port, path)).status).to.equal(417);
      expect(await fetchJson(port, '/throttled-apps')).to.include.keys('for-an-hour');
      expect(await fetchJson(port, '/skipped-hosts')).to.have.all.keys('h');
      const [recent] = front.recentApps.entries();
      expect(recent!.checkedAtUnixMs).to.be.greaterThan(Date.now() - day / 2);
      front.lead(true, Number.POSITIVE_INFINITY, day - 3_600_000);
      expect((await fetchOnce(port, path)).status, 'an hour later').to.equal(200);
    });

    it('decodes names and responds 404 to an encoded slash', async () => {
      front.addStore('größe 1');
      const { port } = front;
      expect((await fetchOnce(port, '/check/a/mysql/gr%C3%B6%C3%9Fe%201')).status).to.equal(200);
      front.state.apply(throttle('Ärger'));
      expect((await fetchOnce(port, '/check/%C3%84rger/mysql/ok')).status).to.equal(417);
      expect((await fetchOnce(port, '/check/partly%2Fok/mysql/ok')).body).to.equal(
        '404 page not found\n',
      );
    });

    it('answers an app with a name beyond the limit, which is counted under (other)', async () => {
      const long = '%E4%B8%96'.repeat(129);
      expect(await fetchOnce(front.port, `/check/${long}/mysql/ok`)).to.have.property(
        'status',
        200,
      );
      expect(await fetchOnce(front.port, `/check/a/mysql/${long}`)).to.have.property('status', 404);
      const counted = [...front.counters.counts()].map(({ app, storeName }) => [app, storeName]);
      expect(counted).to.deep.equal([
        ['(other)', 'ok'],
        ['a', '(other)'],
      ]);
      const apps = [...front.recentApps.entries()].map(({ app }) => app);
      expect(apps).to.deep.equal(['(other)', 'a']);
    });

    it('counts checks by app and store, and records the app as recent', async () => {
      const headers = { 'X-Forwarded-For': '10.0.0.1, 10.0.0.2' };
      await fetchOnce(front.port, '/check/a/mysql/ok', { headers });
      await fetchOnce(front.port, '/check/a/mysql/busy', { headers });
      await fetchOnce(front.port, '/check/a/mysql/down', { method: 'HEAD' });
      await fetchOnce(front.port, '/check/a/postgresql/ok');
      expect([...front.counters.counts()]).to.deep.equal([
        checkCount('a', 'ok', { rank: 0, ok: 1 }),
        checkCount('a', 'busy', { rank: 1, exceeded: 1 }),
        checkCount('a', 'down', { rank: 2, internalError: 1 }),
      ]);
      const recent = [...front.recentApps.entries()].map(({ app, client }) => `${app}/${client}`);
      expect(recent).to.deep.equal(['a/10.0.0.1', 'a/127.0.0.1']);
    });

    it('names the client by X-Forwarded-For, or by the address of the peer', async function () {
      await needAddress(this, '::1');
      const forwarded = ['2001:db8::1', '::ffff:10.9.8.7', ' 10.0.0.3 ,x', ', 10.0.0.4', ' , '];
      for (const value of forwarded) {
        const headers = { 'X-Forwarded-For': value };
        await fetchOnce(front.port, '/check/a/mysql/ok', { headers });
      }
      await fetchOnce(front.port, '/check/a/mysql/ok', { host: '::1' });
      const clients = [...front.recentApps.entries()].map(({ client }) => client);
      expect(clients).to.deep.equal([
        '2001:db8::1',
        '10.9.8.7',
        '10.0.0.3',
        '10.0.0.4',
        '127.0.0.1',
        '::1',
      ]);
    });

    it('responds to HEAD with the status and the length, without a body', async () => {
      for (const path of ['/check/a/mysql/ok', '/check/a/mysql/busy', '/check-read/a/mysql/ok/x']) {
        const got = await fetchOnce(front.port, path);
        const head = await fetchOnce(front.port, path, { method: 'HEAD' });
        expect(head.status).to.equal(got.status);
        expect(head.body).to.equal('');
        for (const name of ['content-type', 'content-length'] as const) {
          expect(head.headers[name], name).to.equal(got.headers[name]);
        }
      }
    });

    it('responds 500 when a check throws, and continues to serve', async () => {
      Object.defineProperty(front, 'dice', {
        get: () => {
          throw new Error('planted');
        },
      });
      const failed = await fetchOnce(front.port, '/check/denied/mysql/ok');
      expect(failed.status).to.equal(500);
      expect(failed.body).to.equal('{"StatusCode":500,"Message":"internal error; see the log"}\n');
      const headFailed = await fetchOnce(front.port, '/check/denied/mysql/ok', { method: 'HEAD' });
      expect(headFailed.status).to.equal(500);
      expect((await fetchOnce(front.port, '/check/a/mysql/ok')).status).to.equal(200);
    });
  });
}
