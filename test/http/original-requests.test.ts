/** What the original understands of odd requests, and what differs on purpose (differences.md). */
import { expect } from 'chai';
import { exchangeRaw, fetchJson, fetchOnce } from '../support/http-client.js';
import { ENGINES, TestFront } from '../support/http-front.js';

for (const engine of ENGINES) {
  describe(`as the original, the ${engine} engine`, () => {
    let front: TestFront;

    before(async () => {
      front = await TestFront.start(engine);
      front.addStore('ok');
      front.addStore('busy', { measured: { value: 9.25 } });
    });

    after(() => front.stop());

    async function statusOf(path: string, method = 'GET'): Promise<number> {
      return (await fetchOnce(front.port, path, { method })).status;
    }

    it('understands encoded letters in fixed parts of a path', async () => {
      for (const path of [
        '/%63heck/a/mysql/ok',
        '/check/a/mysq%6c/ok',
        '/check%2Dread/a/mysql/ok/1',
      ]) {
        expect(await statusOf(path), path).to.equal(200);
        expect(await statusOf(path, 'HEAD'), path).to.equal(200);
      }
      expect(await statusOf('/%63heck/a/mysql/busy')).to.equal(429);
      expect(await statusOf('/throttle-app/x/t%74l/5')).to.equal(200);
      expect(await statusOf('/help/')).to.equal(301);
      expect(await statusOf('/%48ELP')).to.equal(301);
      expect(await statusOf('/check%2Fa/mysql/ok')).to.equal(404);
      expect(await statusOf('/%63heck%zz/a/mysql/ok')).to.equal(404);
      expect(await statusOf('/check%2Dall/a?store=mysql/ok')).to.equal(404);
    });

    it('understands encoded letters in names of parameters', async () => {
      await fetchOnce(front.port, '/check/other/mysql/busy');
      expect(await statusOf('/check/a/mysql/busy?%70=low')).to.equal(417);
      expect(await statusOf('/check/a/mysql/busy?%71=low')).to.equal(429);
      expect(await statusOf('/check/a/mysql/ok?%77ait=soon')).to.equal(400);
      await fetchOnce(front.port, '/throttle-app/named?store%5Fname=ok');
      const { body } = await fetchOnce(front.port, '/throttled-apps');
      expect(body).to.include('"named/ok"').and.not.include('"named"');
    });

    it('ignores a parameter with a semicolon, but no limit of a command', async () => {
      await fetchOnce(front.port, '/check/other/mysql/busy');
      expect(await statusOf('/check/a/mysql/busy?p=low;x=1')).to.equal(429);
      expect(await statusOf('/check/a/mysql/busy?p=normal;x&p=low')).to.equal(417);
      const brief = await fetchJson(front.port, '/aggregated-metrics?brief=false;x&brief=true');
      expect(brief).to.include({ 'mysql/busy': '9.250' });
      for (const query of ['store_name=ok;x', 'store_name=ok;store_name=busy']) {
        expect(await statusOf(`/throttle-app/semi?${query}`), query).to.equal(400);
      }
      expect(await statusOf('/throttle-app/semi?store_name=o%3Bk')).to.equal(200);
      const { body } = await fetchOnce(front.port, '/throttled-apps');
      expect(body).to.include('"semi/o;k"').and.not.include('"semi"').and.not.include('"semi/ok');
    });

    it('refuses minutes that are no number, and takes the whole list for 0', async () => {
      expect(await statusOf('/recent-apps/x')).to.equal(400);
      expect(await statusOf('/recent-apps/-1')).to.equal(400);
      expect(await statusOf('/recent-apps/0')).to.equal(200);
    });

    it('knows no path *', async () => {
      const head = 'HTTP/1.1\r\nHost: freno\r\nConnection: close\r\n\r\n';
      const response = await exchangeRaw(front.port, [`GET * ${head}`], /\r\n\r\n/);
      expect(response).to.match(engine === 'uws' ? /^HTTP\/1\.1 505 / : /^HTTP\/1\.1 404 /);
    });
  });
}
