/**
 * Requests of every shape: methods, slashes, odd bytes, odd lengths, split and pipelined; both
 * engines respond alike unless a test states otherwise.
 */
import { expect } from 'chai';
import { ROUTES } from '../../src/http/worker/routes.js';
import { exchangeRaw, fetchJson, fetchOnce } from '../support/http-client.js';
import { ENGINES, TestFront } from '../support/http-front.js';

const CHECK_BODY = '{"StatusCode":200,"Value":0.43,"Threshold":1,"Message":""}\n';

/** The paths of the profiler exist only when it is enabled: see profile.test.ts. */
const SERVED = ROUTES.filter(({ pattern }) => !pattern.startsWith('/debug/pprof/'));

/** A path of each route. */
function samplePath(pattern: string): string {
  const samples: Record<string, string> = {
    ':app': 'app',
    ':storeType': 'mysql',
    ':storeName': 'ok',
    ':threshold': '1',
    ':metric': 'lag',
    ':ttlMinutes': '5',
    ':ratio': '0.5',
    ':hostName': 'h1',
    ':lastMinutes': '5',
    ':file': 'main.js',
  };
  return pattern.replace(/:\w+/g, (name) => samples[name]!);
}

function get(path: string, headers = ''): string {
  return `GET ${path} HTTP/1.1\r\nHost: freno\r\n${headers}\r\n`;
}

for (const engine of ENGINES) {
  describe(`requests on the ${engine} engine`, () => {
    let front: TestFront;

    before(async () => {
      front = await TestFront.start(engine);
      front.addStore('ok');
    });

    after(() => front.stop());

    for (const { pattern, allow } of SERVED) {
      const path = samplePath(pattern);
      const isPage = pattern === '/';

      // A stream has no end: see streams.test.ts.
      if (pattern !== '/web/stream')
        it(`responds to HEAD ${pattern} like to GET, without the body`, async () => {
          const asked = pattern.startsWith('/check-all/') ? `${path}?store=mysql/ok` : path;
          const got = await fetchOnce(front.port, asked);
          const head = await fetchOnce(front.port, asked, { method: 'HEAD' });
          expect(got.status).to.equal(200);
          expect(head.status).to.equal(200);
          expect(head.body).to.equal('');
          expect(head.headers['content-type']).to.equal(got.headers['content-type']);
          // Times and ages are written without trailing zeros: two responses may differ in length.
          const hasTimes = pattern === '/metrics-health' || /^\/(why|stores)/.test(pattern);
          const length = hasTimes ? /^\d+$/ : `${Buffer.byteLength(got.body)}`;
          expect(head.headers['content-length']).to.match(new RegExp(length));
          expect(got.body).to.match(/\n$/);
        });

      it(`responds 405 with Allow to other methods of ${pattern}`, async () => {
        const isControl = allow.includes('POST');
        for (const method of ['PUT', 'DELETE', 'PATCH', ...(isControl ? [] : ['POST'])]) {
          const { status, headers } = await fetchOnce(front.port, path, { method });
          expect({ method, status, allow: headers.allow }).to.deep.equal({
            method,
            status: 405,
            allow: isControl ? 'GET, HEAD, POST, OPTIONS' : 'GET, HEAD, OPTIONS',
          });
        }
      });

      it(`responds 200 with Allow to OPTIONS ${pattern}, and does nothing`, async () => {
        const before = front.mainRequests.length;
        const response = await fetchOnce(front.port, path, { method: 'OPTIONS' });
        expect({ status: response.status, body: response.body }).to.deep.equal({
          status: 200,
          body: '',
        });
        expect(response.headers.allow).to.equal(allow);
        expect(front.mainRequests).to.have.length(before);
      });

      // The page has no path that a name could be part of.
      if (isPage) continue;

      it(`redirects to ${pattern} from a path that is not clean`, async () => {
        const before = front.mainRequests.length;
        const unclean = [
          `/${path}`,
          `//${path}`,
          `${path}//`,
          path.replace(/\//g, '//'),
          `/.${path}`,
          `/x/..${path}`,
          `/%2e%2E${path}`,
          // Below `/stores` these are names of stores.
          ...(pattern === '/stores' ? [] : [`${path}//.`, `${path}/x/..`]),
          path.replace(/^\/[^/]+/, (first) => first.toUpperCase()),
        ];
        for (const from of unclean) {
          for (const method of ['GET', 'HEAD', 'POST', 'DELETE', 'OPTIONS']) {
            const { status, headers } = await fetchOnce(front.port, `${from}?a=b`, { method });
            expect({ from, method, status, location: headers.location }).to.deep.equal({
              from,
              method,
              status: method === 'GET' ? 301 : 307,
              // Not the start of an address without a scheme: that would lead to another host.
              location: `${path}?a=b`,
            });
          }
        }
        expect(front.mainRequests).to.have.length(before);
      });

      it(`redirects ${pattern} with a superfluous slash, with the query`, async () => {
        const { status, headers } = await fetchOnce(front.port, `${path}/?p=low&x=%20`);
        expect(status).to.equal(301);
        expect(headers.location).to.equal(`${path}?p=low&x=%20`);
        expect((await fetchOnce(front.port, `${path}/`)).headers.location).to.equal(path);
      });
    }

    it('responds 404 in text to unknown paths', async () => {
      const paths = [
        '//',
        '/nosuch',
        '/nosuch/',
        '//nosuch',
        '/..',
        '/./',
        '/NOSUCH',
        '/lb-check/..',
        '//check//mysql/ok',
        '/check',
        '/check/',
        '/check/a',
        '/check/a/mysql',
        '/check/a/mysql/',
        '/check/a/mysql/ok/1',
        '/check-read/a/mysql/ok',
        '/checks/a/mysql/ok',
        '/checkx',
        '/lb-check/x',
        '/throttle-app',
        '/throttle-app/',
        '/throttle-app/x/ttl',
        '/throttle-app/x/ratio/1/ttl/1',
        '/raft',
        '/recent-apps/1/2',
        '/debug/pprof/heap',
        '/__proto__',
        '/constructor/x',
      ];
      for (const path of paths) {
        const { status, headers, body } = await fetchOnce(front.port, path);
        expect({ path, status, body }).to.deep.equal({
          path,
          status: 404,
          body: '404 page not found\n',
        });
        expect(headers['content-type']).to.equal('text/plain; charset=utf-8');
      }
      expect((await fetchOnce(front.port, '/nosuch', { method: 'POST' })).status).to.equal(404);
      expect((await fetchOnce(front.port, '/nosuch', { method: 'HEAD' })).status).to.equal(404);
    });

    it('looks for no known path in one of more than 64 segments', async () => {
      for (const [slashes, status] of [
        [60, 301],
        [65, 404],
        [10_000, 404],
      ] as const) {
        const path = `${'/'.repeat(slashes)}lb-check`;
        expect((await fetchOnce(front.port, path)).status, `${slashes}`).to.equal(status);
      }
    });

    it('keeps the case and the encoding of names in redirects', async () => {
      for (const [from, to] of [
        ['/CHECK/App%20A/MySQL/Main', '/check/App%20A/MySQL/Main'],
        ['//Throttle-App/Caf%C3%A9/TTL/5', '/throttle-app/Caf%C3%A9/ttl/5'],
        ['/DEBUG//Vars', '/debug/vars'],
      ]) {
        const { status, headers } = await fetchOnce(front.port, from!);
        expect({ status, location: headers.location }).to.deep.equal({ status: 301, location: to });
      }
    });

    it('refuses malformed encodings with a JSON body', async () => {
      for (const odd of ['%', '%z', '%zz', '%a', '%ff', '%c3%28', '%u0041', '%ed%a0%80']) {
        for (const path of [`/check/${odd}/mysql/ok`, `/throttle-app/${odd}`]) {
          const { status, body } = await fetchOnce(front.port, path);
          expect({ path, status }).to.deep.equal({ path, status: 400 });
          expect(JSON.parse(body)).to.include({ StatusCode: 400 });
        }
      }
    });

    it('accepts unusual characters as a name', async () => {
      for (const odd of ['%00', '%0a', '%22', '%5c', '%25', '..', '%2e%2e', '%3f', '+', '*', ':']) {
        expect((await fetchOnce(front.port, `/check/${odd}/mysql/ok`)).body).to.equal(CHECK_BODY);
      }
    });

    it('refuses names of more than 1,024 characters', async () => {
      const name = 'x'.repeat(1025);
      for (const path of [
        `/check/${name}/mysql/ok`,
        `/throttle-app/${name}`,
        `/skip-host/${name}`,
      ]) {
        expect((await fetchOnce(front.port, path)).status, path.slice(0, 20)).to.equal(400);
      }
      expect((await fetchOnce(front.port, `/check/${'x'.repeat(1024)}/mysql/ok`)).status).to.equal(
        200,
      );
    });

    it('encodes control characters in the location of a redirect', async () => {
      const response = await exchangeRaw(
        front.port,
        ['GET /lb-check/?a=\x01b HTTP/1.1\r\nHost: freno\r\nConnection: close\r\n\r\n'],
        /\r\n\r\n/,
      );
      expect(response).not.to.contain('\x01');
    });

    it('escapes all control characters of names in bodies', async () => {
      const odd = '%00%1b%0d%0a%7f%c2%9b%e2%80%ae%e2%81%a6';
      for (const path of [
        `/throttle-app/${odd}`,
        '/throttled-apps',
        `/check-all/a?store=mysql/${odd}`,
        `/check/a/mysql/${odd}?verbose=1`,
        `/stores/mysql/${odd}`,
      ]) {
        const { body } = await fetchOnce(front.port, path);
        expect(body.slice(0, -1), path).to.match(/^[\x20-\x7e]*$/);
        expect(() => JSON.parse(body), path).not.to.throw();
      }
      expect(Object.keys((await fetchJson(front.port, '/throttled-apps')) as object)).to.include(
        decodeURIComponent(odd),
      );
    });

    it('accepts POST for control requests, with and without a body', async () => {
      const path = '/throttle-app/posted/ttl/5';
      expect((await fetchOnce(front.port, path, { method: 'POST' })).status).to.equal(200);
      const body = 'x'.repeat(10_000);
      expect((await fetchOnce(front.port, path, { method: 'POST', body })).status).to.equal(200);
      const headers = { 'Transfer-Encoding': 'chunked' };
      expect(
        (await fetchOnce(front.port, path, { method: 'POST', body, headers })).status,
      ).to.equal(200);
    });

    it('refuses methods in the wrong case', async () => {
      const before = front.mainRequests.length;
      for (const method of ['get', 'Head', 'post']) {
        for (const path of ['/check/a/mysql/ok', '/lb-check', '/throttle-app/lower']) {
          const request = `${method} ${path} HTTP/1.1\r\nHost: freno\r\n\r\n`;
          const response = await exchangeRaw(front.port, [request], /\r\n\r\n/);
          const refusal = engine === 'node' ? '400' : '405';
          expect(statusesOf(response), `${method} ${path}`).to.deep.equal([refusal]);
        }
      }
      expect(front.mainRequests).to.have.length(before);
    });

    it('responds to pipelined requests in their order', async () => {
      const requests = get('/lb-check') + get('/check/a/mysql/ok') + get('/nosuch');
      const response = await exchangeRaw(front.port, [requests], /404 page not found/);
      expect(statusesOf(response)).to.deep.equal(['200', '200', '404']);
      expect(response.indexOf('"Message":"OK"')).to.be.lessThan(response.indexOf('"Value"'));
    });

    it('responds to a request behind one that waits for main, or disconnects', async () => {
      const requests = get('/throttled-apps') + get('/nosuch');
      const response = await exchangeRaw(front.port, [requests], /404 page not found/);
      // The native engine closes a connection whose next request arrives before the response.
      expect(statusesOf(response)).to.deep.equal(engine === 'node' ? ['200', '404'] : []);
      expect((await fetchOnce(front.port, '/throttled-apps')).status).to.equal(200);
    });

    it('responds to HEAD and to later requests on the same connection', async () => {
      const head = 'HEAD /check/a/mysql/ok HTTP/1.1\r\nHost: freno\r\n\r\n';
      const late = 'HEAD /throttled-apps HTTP/1.1\r\nHost: freno\r\n\r\n';
      const response = await exchangeRaw(
        front.port,
        [head, late, get('/hostname')],
        /\r\n\r\n"[^"]+"\n/,
      );
      expect(response.match(/HTTP\/1\.1 200/g)).to.have.length(3);
      expect(response).not.to.contain('StatusCode');
    });

    it('accepts headers that arrive in chunks', async () => {
      const request = get('/check/a/mysql/ok', 'X-Forwarded-For: 10.1.2.3\r\n');
      const lineEnd = request.indexOf('\r\n') + 2;
      const rest = request.slice(lineEnd);
      const chunks = [request.slice(0, lineEnd), ...rest.match(/.{1,7}/gs)!];
      const response = await exchangeRaw(front.port, chunks, /"Message":""/);
      expect(response).to.match(/^HTTP\/1\.1 200 /);
    });

    it('accepts or refuses a request line that arrives in chunks', async () => {
      const response = await exchangeRaw(
        front.port,
        ['GET /check/a/my', 'sql/ok HTTP/1.1\r\nHost: freno\r\nConnection: close\r\n\r\n'],
        /"Message":""|<hr>/,
      );
      // The native engine of this version takes a request line that ends with the packet for
      // HTTP/0.9 or 1.0.
      expect(response).to.match(engine === 'node' ? /^HTTP\/1\.1 200 / : /^HTTP\/1\.1 505 /);
    });

    it('serves or refuses HTTP/1.0', async () => {
      const response = await exchangeRaw(front.port, ['GET /leader-check HTTP/1.0\r\n\r\n']);
      expect(response).to.match(engine === 'node' ? /^HTTP\/1\.1 200 / : /^HTTP\/1\.1 505 /);
    });

    it('closes the connection on Connection: close', async () => {
      const response = await exchangeRaw(
        front.port,
        [get('/check/a/mysql/ok', 'Connection: close\r\n')],
        engine === 'node' ? /$^/ : /"Message":""/,
      );
      expect(response).to.match(/^HTTP\/1\.1 200 /);
    });

    it('refuses paths of up to 70 KB and continues to serve', async () => {
      for (const length of [2_000, 8_000, 16_384, 70_000]) {
        const path = `/check/${'x'.repeat(length)}/mysql/ok`;
        const response = await exchangeRaw(
          front.port,
          [get(path, 'Connection: close\r\n')],
          /\r\n\r\n|<hr>/,
        );
        // Refused by freno (400) or by the engine (4xx, 505), or the connection ends.
        expect(response, String(length)).to.match(/^(HTTP\/1\.1 [45]\d\d |$)/);
      }
      expect((await fetchOnce(front.port, '/check/a/mysql/ok')).body).to.equal(CHECK_BODY);
    });

    it('accepts or refuses oversized headers and continues to serve', async () => {
      for (const length of [3_000, 6_000, 20_000, 100_000]) {
        const headers = `X-Long: ${'x'.repeat(length)}\r\nConnection: close\r\n`;
        const response = await exchangeRaw(
          front.port,
          [get('/check/a/mysql/ok', headers)],
          /\r\n\r\n|<hr>/,
        );
        expect(response, String(length)).to.match(/^(HTTP\/1\.1 (200|[45]\d\d) |$)/);
      }
      expect((await fetchOnce(front.port, '/check/a/mysql/ok')).body).to.equal(CHECK_BODY);
    });

    it('survives malformed requests', async () => {
      const malformed = [
        '\x00\x01\x02\r\n\r\n',
        '\r\n\r\n\r\n',
        'GET\r\n\r\n',
        'GET  HTTP/1.1\r\n\r\n',
        'GET check HTTP/1.1\r\nHost: x\r\n\r\n',
        'OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n',
        'CONNECT h:1 HTTP/1.1\r\nHost: x\r\n\r\n',
        'TRACE /lb-check HTTP/1.1\r\nHost: x\r\n\r\n',
        'BREW /lb-check HTTP/1.1\r\nHost: x\r\n\r\n',
        'GET /lb-check HTTP/9.9\r\nHost: x\r\n\r\n',
        'GET /lb-check HTTP/1.1\r\nno colon\r\n\r\n',
        'POST /throttle-app/x HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n',
        'POST /throttle-app/x HTTP/1.1\r\nHost: x\r\nContent-Length: nine\r\n\r\n',
        'POST /throttle-app/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
      ];
      // Each may get an error, or wait for more until the connection is idle for too long.
      await Promise.all(
        malformed.map((request) => exchangeRaw(front.port, [request], /\r\n\r\n/, 200)),
      );
      expect((await fetchOnce(front.port, '/check/a/mysql/ok')).body).to.equal(CHECK_BODY);
    });

    it('accepts UTF-8 in a path, or refuses it', async () => {
      const request = Buffer.from(get('/check/größe/mysql/ok', 'Connection: close\r\n'), 'utf8');
      const response = await exchangeRaw(front.port, [request], /"Message":""|\r\n\r\n/);
      expect(response).to.match(engine === 'node' ? /^HTTP\/1\.1 400 / : /^HTTP\/1\.1 200 /);
    });

    it('lists every path in /help', async () => {
      expect(await fetchJson(front.port, '/help')).to.deep.equal(
        SERVED.map(({ pattern }) => pattern),
      );
    });
  });
}

function statusesOf(responses: string): string[] {
  return [...responses.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status!);
}
