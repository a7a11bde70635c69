/** Which requests pass: by the name in `Host`, by the origin of a page, by the port. */
import { expect } from 'chai';
import type { DoorSettings } from '../../src/contracts/http.js';
import { freePorts } from '../../src/demo/temporary.js';
import { FrontDoor } from '../../src/http/worker/front-door.js';
import type { HandlerRequest } from '../../src/http/worker/handler-request.js';
import { generalResponse, type HandlerResponse } from '../../src/http/worker/response.js';
import { exchangeRaw, fetchOnce } from '../support/http-client.js';
import { ENGINES } from '../support/http-front.js';
import { TestPool } from '../support/http-pool.js';

const OPEN: DoorSettings = { allowedHosts: [], allowedOrigins: [], adminListen: null };

describe('the front door', () => {
  /** What the handler was asked. */
  let passed: HandlerRequest[];

  beforeEach(() => {
    passed = [];
  });

  function door(settings: Partial<DoorSettings>, isForOperators = true): FrontDoor {
    const handle = (request: HandlerRequest): HandlerResponse => {
      passed.push(request);
      return generalResponse(200, 'OK');
    };
    return new FrontDoor({ handle }, { ...OPEN, ...settings }, isForOperators);
  }

  async function ask(
    front: FrontDoor,
    headers: Readonly<Record<string, string>>,
    path = '/lb-check',
    method = 'GET',
  ): Promise<HandlerResponse> {
    const header = (name: string): string => headers[name] ?? '';
    const fixed = { query: '', client: '', onAbort: () => {} };
    return front.handle({ ...fixed, method, path, header });
  }

  const statuses = (front: FrontDoor, hosts: readonly string[]): Promise<number[]> =>
    Promise.all(hosts.map(async (host) => (await ask(front, { host })).status));

  it('is open where nothing is configured', async () => {
    const front = door({});
    expect(front.isOpen).to.equal(true);
    expect(await statuses(front, ['anything'])).to.deep.equal([200]);
  });

  it('serves the allowed names, addresses and this machine', async () => {
    const front = door({ allowedHosts: ['Freno.Example.com'] });
    const hosts = ['freno.example.com', 'FRENO.example.com:8087', '10.0.0.1', '10.0.0.1:80'];
    const local = ['[::1]:8087', '[fe80::1]', 'localhost', 'localhost:8087', ''];
    expect(new Set(await statuses(front, [...hosts, ...local]))).to.deep.equal(new Set([200]));
  });

  it('refuses every other name with 421, and asks the handler nothing', async () => {
    const front = door({ allowedHosts: ['freno.example.com'] });
    const hosts = [
      'evil.example.com',
      'freno.example.com.evil.com',
      'a:b:c',
      '[x]',
      '10.0.0.1.evil',
    ];
    expect(new Set(await statuses(front, hosts))).to.deep.equal(new Set([421]));
    expect(passed).to.be.empty;
  });

  it('answers what operators ask on their port only', async () => {
    const [main, operators] = [door({}, false), door({}, true)];
    for (const path of ['/throttle-app/x', '/events', '/', '/web/stream', '/debug/pprof/heap']) {
      expect((await ask(main, {}, path)).status, path).to.equal(403);
      expect((await ask(operators, {}, path)).status, path).to.equal(200);
    }
    for (const path of ['/check/a/mysql/b', '/leader-check', '/metrics', '/throttled-apps', '/x']) {
      expect((await ask(main, {}, path)).status, path).to.equal(200);
    }
  });

  it('lets pages of allowed origins in, and no others', async () => {
    const front = door({ allowedOrigins: ['https://tools.example.com'] });
    const headers = { origin: 'https://tools.example.com', 'sec-fetch-site': 'cross-site' };
    const allowed = await ask(front, headers, '/throttle-app/x');
    expect(allowed.headers).to.deep.include(['Access-Control-Allow-Origin', headers.origin]);
    expect(allowed.headers).to.deep.include(['Vary', 'Origin']);
    expect(passed[0]!.header('sec-fetch-site'), 'no command of another site').to.equal(
      'same-origin',
    );
    const other = await ask(front, { ...headers, origin: 'https://tools.example.com.evil.com' });
    expect(other.headers ?? []).to.be.empty;
    expect(passed[1]!.header('sec-fetch-site')).to.equal('cross-site');
    const preflight = await ask(front, headers, '/check/a/mysql/b', 'OPTIONS');
    expect(Object.fromEntries(preflight.headers!)).to.include({
      'Access-Control-Allow-Headers': 'Authorization, Content-Type',
    });
  });
});

for (const engine of ENGINES) {
  describe(`a second address for operators: ${engine}`, () => {
    let test: TestPool;
    let admin: number;

    before(async () => {
      [admin = 0] = await freePorts(1);
      const adminListen = { host: '127.0.0.1', port: admin };
      test = new TestPool({ engine, door: { ...OPEN, allowedHosts: ['freno'], adminListen } });
      await test.pool.start();
    });

    after(() => test.pool.stop());

    it('answers commands and the page, and the main one does not', async () => {
      const { port } = test.pool;
      expect((await fetchOnce(port, '/throttle-app/app')).status).to.equal(403);
      expect((await fetchOnce(port, '/')).status).to.equal(403);
      expect((await fetchOnce(admin, '/')).status).to.equal(200);
      expect((await fetchOnce(port, '/check/app/mysql/main1')).status).to.equal(200);
      expect((await fetchOnce(admin, '/throttle-app/app')).status).to.equal(200);
      expect((await fetchOnce(port, '/check/app/mysql/main1')).status).to.equal(417);
    });

    it('refuses a check under another name', async () => {
      const get = (host: string): string =>
        `GET /check/x/mysql/main1 HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
      expect(await exchangeRaw(test.pool.port, [get('evil')], /Message|421/)).to.match(
        /^HTTP\/1\.1 421 /,
      );
      expect(await exchangeRaw(test.pool.port, [get('freno')], /Message/)).to.match(
        /^HTTP\/1\.1 200 /,
      );
    });
  });
}
