/** Exemptions, set thresholds, and reasons and owners of commands, over HTTP. */
import { expect } from 'chai';
import { fetchJson, fetchOnce } from '../support/http-client.js';
import { ENGINES, TestFront } from '../support/http-front.js';

const MINUTE_MS = 60_000;
const LONG = '🐢'.repeat(200);

/** Paths that are refused with 400, and what the message names. */
const REFUSED: ReadonlyArray<readonly [path: string, names: string]> = [
  ['/exempt-app/a/ttl/0', 'ttl: whole minutes from 1 to 1440'],
  ['/exempt-app/a/ttl/1441', 'ttl'],
  ['/exempt-app/a/ttl/x', 'ttl'],
  ['/exempt-app//ttl/5', 'no app'],
  ['/exempt-app/*', 'app: *'],
  ['/unexempt-app/*', 'app: *'],
  ['/exempt-app/a?store_name=x/y', 'store_name'],
  ['/set-threshold/mysql/main/-1', 'threshold'],
  ['/set-threshold/mysql/main/NaN', 'threshold'],
  ['/set-threshold/mysql/main/Inf', 'threshold'],
  ['/set-threshold/mysql/main/1e999', 'threshold'],
  ['/set-threshold/mysql/main/1/ttl/0', 'ttl'],
  ['/set-threshold/mysql/main/1/ttl/1441', 'ttl'],
  [`/throttle-app/a?reason=${'r'.repeat(201)}`, 'reason: up to 200 characters'],
  [`/skip-host/a?owner=${encodeURIComponent(`${LONG}x`)}`, 'owner: up to 200 characters'],
  ['/recover-host/a?reason=a%00b', 'reason: up to 200 characters, none of them a control'],
  ['/unexempt-app/a?owner=a%0Ab', 'owner'],
  ['/reset-threshold/mysql/main?owner=%f', 'percent-encoding'],
  [`/reset-threshold/mysql/${'s'.repeat(995)}`, 'store and metric: a name of at most 1000'],
];

for (const engine of ENGINES) {
  describe(`requests of an incident on the ${engine} engine`, () => {
    let front: TestFront;

    beforeEach(async () => {
      front = await TestFront.start(engine);
      front.addStore('main');
      front.addStore('orders');
    });

    afterEach(() => front.stop());

    async function ok(path: string): Promise<void> {
      const { status, body } = await fetchOnce(front.port, path);
      expect(status, body).to.equal(200);
    }

    const minutesTo = (time: unknown): number =>
      Math.round((Date.parse(String(time)) - Date.now()) / MINUTE_MS);

    it('exempt an app for 60 minutes, or for as many as are given, and end it', async () => {
      await ok('/exempt-app/archive');
      await ok('/exempt-app/etl/ttl/1440');
      await ok('/exempt-app/etl/ttl/1?store_name=main');
      const list = (await fetchJson(front.port, '/exempted-apps')) as Record<string, object>;
      const minutes = Object.entries(list).map(([key, entry]) => {
        expect(entry).to.have.all.keys('ExpireAt');
        return [key, minutesTo((entry as { ExpireAt: string }).ExpireAt)];
      });
      expect(minutes).to.deep.equal([
        ['archive', 60],
        ['etl', 1440],
        ['etl/main', 1],
      ]);
      await ok('/unexempt-app/etl?store_name=main');
      await ok('/unexempt-app/archive');
      expect(await fetchJson(front.port, '/exempted-apps')).to.have.all.keys('etl');
    });

    it('set the threshold of a store, and reset it', async () => {
      await ok('/set-threshold/mysql/main/0.25');
      await ok('/set-threshold/mysql/orders/0/ttl/5');
      const list = await fetchJson(front.port, '/thresholds');
      const { main, orders } = {
        main: (list as Record<string, { Threshold: number; ExpireAt: string }>)['mysql/main']!,
        orders: (list as Record<string, { Threshold: number; ExpireAt: string }>)['mysql/orders']!,
      };
      expect([main.Threshold, minutesTo(main.ExpireAt)]).to.deep.equal([0.25, 60]);
      expect([orders.Threshold, minutesTo(orders.ExpireAt)]).to.deep.equal([0, 5]);
      await ok('/reset-threshold/mysql/main');
      await ok('/reset-threshold/mysql/nosuch');
      expect(await fetchJson(front.port, '/thresholds')).to.have.all.keys('mysql/orders');
    });

    it('set the threshold of one metric, the own one under the name of its store', async () => {
      const [lag, threads, disk] = ['lag', 'threads_running', 'disk_used'].map((name, slot) => ({
        ...{ name, slot },
        mode: 'enforce' as const,
      }));
      front.handler.setStores([{ name: 'three', slot: 0, metrics: [lag!, threads!, disk!] }]);
      await ok('/set-threshold/mysql/three/1/metric/threads_running');
      await ok('/set-threshold/mysql/three/2/ttl/5/metric/disk_used');
      await ok('/set-threshold/mysql/three/3/metric/lag/ttl/5');
      const keys = ['mysql/three', 'mysql/three/disk_used', 'mysql/three/threads_running'];
      const list = (await fetchJson(front.port, '/thresholds')) as Record<string, object>;
      expect(Object.keys(list)).to.deep.equal(keys);
      expect(list['mysql/three']).to.include({ Threshold: 3, Metric: 'lag' });
      expect(list['mysql/three/disk_used']).to.include({ Threshold: 2, Metric: 'disk_used' });
      await ok('/reset-threshold/mysql/three/metric/lag');
      await ok('/reset-threshold/mysql/three/metric/disk_used');
      front.handler.setStores([]);
      const rest = (await fetchJson(front.port, '/thresholds')) as Record<string, object>;
      expect(rest).to.have.all.keys(keys[2]!);
      expect(rest[keys[2]!], 'no longer configured').to.have.all.keys('Threshold', 'ExpireAt');
    });

    for (const [path, names] of [
      ['/set-threshold/mysql/main/1/metric/lga', 'mysql/main/lga; did you mean lag?'],
      ['/set-threshold/mysql/mian/1', 'no such store: mysql/mian; did you mean mysql/main?'],
      ['/set-threshold/mysql/zzzzzzzz/1', 'no such store: mysql/zzzzzzzz'],
      ['/set-threshold/redis/main/1', 'no such store: redis/main'],
      ['/set-threshold/mysql/main/1/metric/nosuch', 'no such metric: mysql/main/nosuch'],
      ['/set-threshold/mysql/main/1/ttl/5/metric/nosuch', 'no such metric: mysql/main/nosuch'],
      ['/set-threshold/mysql/main/1/metric/nosuch/ttl/5', 'no such metric: mysql/main/nosuch'],
    ] as const) {
      it(`respond 404 to ${path} and name what is unknown`, async () => {
        const { status, body } = await fetchOnce(front.port, path);
        expect(status).to.equal(404);
        expect(JSON.parse(body).Message).to.contain(names);
        expect(front.mainRequests).to.deep.equal([]);
        expect(front.reports).to.have.length(1);
      });
    }

    it('keep the reason and the owner with every kind of entry, after its other keys', async () => {
      const said = 'reason=the+%22big%22+one&owner=dba';
      await ok(`/throttle-app/archive/ttl/0?${said}`);
      await ok(`/skip-host/db1?store_name=x&${said}`);
      await ok(`/exempt-app/etl?${said}`);
      await ok(`/set-threshold/mysql/main/5?${said}`);
      const note = /"Reason":"the \\"big\\" one","Owner":"dba","At":"\d{4}-[^"]*Z"\}\}\n$/;
      const heads = {
        '/throttled-apps': '{"archive":{"ExpireAt":"0001-01-01T00:00:00Z","Ratio":1,"Reason":',
        '/skipped-hosts': '{"db1":{"ExpireAt":"',
        '/exempted-apps': '{"etl":{"ExpireAt":"',
        '/thresholds': '{"mysql/main":{"Threshold":5,"ExpireAt":"',
      };
      for (const [path, head] of Object.entries(heads)) {
        const { body } = await fetchOnce(front.port, path);
        expect(body, path).to.match(note);
        expect(body.slice(0, head.length), path).to.equal(head);
      }
      await ok('/skip-host/db1');
      expect((await fetchOnce(front.port, '/skipped-hosts')).body).to.match(
        /^\{"db1":"[^"]*"\}\n$/,
      );
    });

    it('show what was said alone, and when', async () => {
      await ok('/throttle-app/a?reason=r');
      await ok(`/throttle-app/b?owner=${encodeURIComponent(LONG)}&reason=`);
      const list = (await fetchJson(front.port, '/throttled-apps')) as Record<string, object>;
      expect(list.a).to.have.all.keys('ExpireAt', 'Ratio', 'Reason', 'At');
      expect(list.b).to.have.all.keys('ExpireAt', 'Ratio', 'Owner', 'At');
      expect(list.b).to.include({ Owner: LONG });
    });

    it('pass on what was said of commands that make no entry', async () => {
      await ok('/unthrottle-app/a?reason=done&owner=dba');
      const [request] = front.mainRequests;
      expect(request).to.deep.nested.include({
        'command.reason': 'done',
        'command.owner': 'dba',
        'command.client': '127.0.0.1',
      });
    });

    for (const [path, names] of REFUSED) {
      it(`refuse ${path.slice(0, 60)} and change nothing`, async () => {
        const { status, body } = await fetchOnce(front.port, path);
        expect(status).to.equal(400);
        expect(JSON.parse(body).Message).to.contain(names);
        expect(front.mainRequests).to.deep.equal([]);
      });
    }

    it('report a refused command with its owner, for the log', async () => {
      await fetchOnce(front.port, '/exempt-app/a/ttl/0?owner=dba&reason=r');
      await fetchOnce(front.port, '/exempt-app/a/ttl/0?owner=%00');
      const owners = front.reports.map((report) =>
        report.kind === 'refusedCommand' ? report.refusal.owner : 'none',
      );
      expect(owners).to.deep.equal(['dba', undefined]);
    });

    it('throttle every app by a literal star', async () => {
      await ok('/throttle-app/*/ttl/5');
      await ok('/throttle-app/%2A/ratio/0.5?store_name=main');
      expect(front.state.throttledApp('*', Date.now())?.ratio).to.equal(1);
      expect(front.state.throttledApp('*/main', Date.now())?.ratio).to.equal(0.5);
    });
  });
}
