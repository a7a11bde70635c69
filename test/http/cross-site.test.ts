/** Commands by the headers that browsers send: those of other sites are refused. */
import { expect } from 'chai';
import { fetchOnce } from '../support/http-client.js';
import { ENGINES, TestFront } from '../support/http-front.js';

const BROWSER = { 'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64)', 'Accept-Language': 'en' };

const COMMANDS = [
  '/throttle-app/a',
  '/throttle-app/a/ratio/0.5',
  '/throttle-app/a/ttl/5',
  '/throttle-app/a/ttl/5/ratio/0.5',
  '/unthrottle-app/a',
  '/skip-host/h',
  '/skip-host/h/ttl/5',
  '/recover-host/h',
];

const REFUSED: ReadonlyArray<Record<string, string>> = [
  { 'Sec-Fetch-Site': 'cross-site' },
  { 'Sec-Fetch-Site': 'same-site' },
  { 'Sec-Fetch-Site': 'anything' },
  { 'Sec-Fetch-Site': 'cross-site', Origin: 'http://freno:8087' },
  { Origin: 'http://other:8087' },
  { Origin: 'http://freno:8088' },
  { Origin: 'http://freno' },
  { Origin: 'null' },
  { Origin: 'http://freno:8087.other' },
  { Origin: 'http://freno:8087@other' },
  { Origin: 'file://freno:8087' },
  { 'Sec-Fetch-Site': 'none', Origin: 'http://other' },
  { 'Sec-Fetch-Site': 'same-origin', Origin: 'http://other' },
  { Referer: 'http://other/page' },
  { Referer: 'http://other/?http://freno:8087/' },
  { Referer: 'about:blank' },
  BROWSER,
];

const ACCEPTED: ReadonlyArray<Record<string, string>> = [
  {},
  { 'Sec-Fetch-Site': 'same-origin' },
  { 'Sec-Fetch-Site': 'none' },
  { ...BROWSER, 'Sec-Fetch-Site': 'none' },
  { Origin: 'http://freno:8087' },
  { Origin: 'http://FRENO:8087' },
  { ...BROWSER, Origin: 'https://freno:8087' },
  { ...BROWSER, Referer: 'http://freno:8087/throttled-apps?a=b' },
  { 'User-Agent': 'curl/8.5.0' },
  { 'User-Agent': 'python-requests/2.32', 'Accept-Language': 'en' },
  { 'User-Agent': 'Mozilla/5.0 (Windows NT; en-US) WindowsPowerShell/5.1' },
];

for (const engine of ENGINES) {
  describe(`commands of other sites on the ${engine} engine`, () => {
    let front: TestFront;

    before(async () => {
      front = await TestFront.start(engine);
    });

    beforeEach(() => {
      front.mainRequests.length = 0;
      front.reports.length = 0;
    });

    after(() => front.stop());

    async function send(path: string, method: string, headers: Record<string, string>) {
      const all = { Host: 'freno:8087', ...headers };
      return fetchOnce(front.port, path, { method, headers: all });
    }

    for (const headers of REFUSED) {
      it(`refuses all commands with ${JSON.stringify(headers)}`, async () => {
        for (const path of COMMANDS) {
          for (const method of ['GET', 'HEAD', 'POST']) {
            const response = await send(path, method, headers);
            expect(response.status, `${method} ${path}`).to.equal(403);
            const names = Object.keys(response.headers);
            expect(names.filter((name) => name.startsWith('access-control'))).to.deep.equal([]);
            if (method !== 'HEAD')
              expect(JSON.parse(response.body)).to.include({ StatusCode: 403 });
          }
        }
        expect(front.mainRequests).to.deep.equal([]);
      });
    }

    for (const headers of ACCEPTED) {
      it(`accepts commands with ${JSON.stringify(headers)}`, async () => {
        for (const method of ['GET', 'HEAD', 'POST']) {
          expect((await send('/throttle-app/a/ttl/5', method, headers)).status).to.equal(200);
        }
        expect(front.mainRequests).to.have.length(3);
      });
    }

    it('takes the ports that http and https imply for no port', async () => {
      for (const [Host, Origin] of [
        ['freno', 'http://freno'],
        ['freno:80', 'http://freno'],
        ['freno', 'http://freno:80'],
        ['freno', 'https://freno'],
        ['freno:443', 'https://freno'],
        ['[::1]', 'http://[::1]'],
      ] as const) {
        const { status } = await send('/recover-host/h', 'POST', { Host, Origin });
        expect({ Host, Origin, status }).to.deep.equal({ Host, Origin, status: 200 });
      }
    });

    it('answers reading requests of any site', async () => {
      for (const path of ['/throttled-apps', '/lb-check', '/metrics-health', '/help']) {
        const { status } = await send(path, 'GET', { 'Sec-Fetch-Site': 'cross-site' });
        expect(status, path).to.equal(200);
      }
    });

    it('does not send a preflight request on', async () => {
      const headers = {
        Origin: 'http://other',
        'Access-Control-Request-Method': 'POST',
        'Access-Control-Request-Headers': 'x-any',
      };
      const response = await send('/throttle-app/a', 'OPTIONS', headers);
      expect(Object.keys(response.headers).join()).not.to.include('access-control');
      expect(front.mainRequests).to.deep.equal([]);
    });
  });
}

describe('profiles for pages of other sites', () => {
  for (const engine of ENGINES) {
    it(`are refused on the ${engine} engine`, async () => {
      const front = await TestFront.start(engine, true);
      const headers = { 'Sec-Fetch-Site': 'cross-site' };
      for (const path of ['/debug/pprof/heap', '/debug/pprof/profile?seconds=1']) {
        expect((await fetchOnce(front.port, path, { headers })).status, path).to.equal(403);
      }
      expect(front.mainRequests).to.deep.equal([]);
      front.stop();
    });
  }
});

describe('the report of refused commands', () => {
  for (const engine of ENGINES) {
    it(`has the client and the reason, within a bound (${engine} engine)`, async () => {
      const front = await TestFront.start(engine);
      const headers = { 'Sec-Fetch-Site': 'cross-site', 'X-Forwarded-For': '192.0.2.7' };
      await fetchOnce(front.port, '/skip-host/db1', { headers });
      await fetchOnce(front.port, '/skip-host/db1/ttl/soon');
      const refused = { kind: 'refusedCommand' };
      const other = 'refused: a browser sent this command for another site; nothing was changed';
      const ttl = 'ttl: whole minutes from 0 to 52560000, got soon';
      const [first, second] = [
        { client: '192.0.2.7', method: 'GET', path: '/skip-host/db1', status: 403, error: other },
        {
          client: '127.0.0.1',
          method: 'GET',
          path: '/skip-host/db1/ttl/soon',
          status: 400,
          error: ttl,
        },
      ];
      expect(front.reports).to.deep.equal([
        { ...refused, refusal: first },
        { ...refused, refusal: second },
      ]);
      for (let count = 0; count < 110; count++) {
        await fetchOnce(front.port, '/skip-host/db1', { headers });
      }
      expect(front.reports).to.have.length(100);
      front.stop();
    });
  }
});
