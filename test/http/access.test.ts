/** Tokens and roles, on both engines. */
import { createHash } from 'node:crypto';
import { expect } from 'chai';
import type { AccessRole } from '../../src/base/access-names.js';
import {
  AccessGuard,
  CONTROL_REQUESTS_MAX,
  FAILED_ATTEMPTS_MAX,
} from '../../src/http/worker/access/guard.js';
import { openApiDocument, templateOf } from '../../src/http/worker/openapi/document.js';
import { ROUTES } from '../../src/http/worker/routes.js';
import type { AccessSettings, TokenRights } from '../../src/throttle/access.js';
import { pathOf } from '../support/api-requests.js';
import { exchangeRaw, fetchOnce } from '../support/http-client.js';
import { ENGINES, TestFront } from '../support/http-front.js';

function token(name: string, roles: AccessRole[], apps = ['*'], stores = ['*']): TokenRights {
  const sha256 = createHash('sha256').update(`secret-${name}`).digest('hex');
  return { name, sha256, roles, apps, stores };
}

const SETTINGS: AccessSettings = {
  separator: '',
  anonymous: [],
  tokens: [
    token('job', ['check'], ['etl'], ['mysql/ok*']),
    token('team', ['check', 'control'], ['etl*'], ['mysql/ok']),
    token('reader', ['read']),
    token('dba', ['check', 'read', 'control']),
    token('root', ['admin']),
  ],
  certificates: [],
};

const bearer = (name: string) => ({ headers: { Authorization: `Bearer secret-${name}` } });

for (const engine of ENGINES) {
  describe(`access on the ${engine} engine`, () => {
    const described = JSON.parse(openApiDocument()).paths as Readonly<
      Record<string, { readonly get: { readonly security?: [] } }>
    >;
    let front: TestFront;

    before(async () => {
      front = await TestFront.start(engine, true);
      front.addStore('ok');
      front.addStore('audit');
    });

    after(() => front.stop());

    beforeEach(() => {
      front.access.setAccess(SETTINGS);
      front.mainRequests.length = 0;
      front.reports.length = 0;
    });

    async function statusOf(path: string, name?: string, method = 'GET'): Promise<number> {
      const credentials = name === undefined ? {} : bearer(name);
      return (await fetchOnce(front.port, path, { method, ...credentials })).status;
    }

    it('lets a job check under its own name and on its own stores alone', async () => {
      expect(await statusOf('/check/etl/mysql/ok', 'job')).to.equal(200);
      expect(await statusOf('/check/etl/mysql/ok?p=low', 'job')).to.equal(200);
      expect(await statusOf('/check/etl/mysql/ok', 'job', 'HEAD')).to.equal(200);
      expect(await statusOf('/check/other/mysql/ok', 'job')).to.equal(403);
      expect(await statusOf('/check/etl/mysql/audit', 'job')).to.equal(403);
      expect(await statusOf('/check/etl/mysql/audit?verbose=1', 'job')).to.equal(403);
      expect(await statusOf('/check/etl/mysql/audit', 'job', 'HEAD')).to.equal(403);
      expect(await statusOf('/check-read/etl/mysql/audit/7', 'job')).to.equal(403);
      expect(await statusOf('/check-all/etl?store=mysql/ok', 'job')).to.equal(200);
      expect(await statusOf('/check-all/etl?store=mysql/ok&store=mysql/audit', 'job')).to.equal(
        403,
      );
      expect(await statusOf('/why/etl/mysql/ok', 'job')).to.equal(200);
      expect(await statusOf('/why/etl/mysql/audit', 'job')).to.equal(403);
      expect(await statusOf('/why/etl/mysql/audit', 'reader')).to.equal(200);
      expect(await statusOf('/stores', 'job')).to.equal(403);
    });

    it('judges each caller of a path that another one was allowed', async () => {
      const path = '/check/other/mysql/ok';
      for (let round = 0; round < 3; round++) {
        expect(await statusOf(path, 'dba')).to.equal(200);
        expect(await statusOf(path, 'job')).to.equal(403);
        expect(await statusOf(path)).to.equal(401);
      }
    });

    it('refuses encodings of a path as it does the path', async () => {
      expect(await statusOf('/check/%6fther/mysql/ok', 'job')).to.equal(403);
      expect(await statusOf('/check/%65tl/mysql/ok', 'job')).to.equal(200);
      expect(await statusOf('/check/etl/mysql/%61udit', 'job')).to.equal(403);
      expect(await statusOf('/%63heck/other/mysql/ok', 'job')).to.equal(403);
      expect(await statusOf('/%63heck/other/mysql/ok')).to.equal(401);
      expect(await statusOf('/check%2Dread/etl/mysql/audit/7', 'job')).to.equal(403);
      expect(await statusOf('/check-all/etl?%73tore=mysql/audit', 'job')).to.equal(403);
      expect(await statusOf('/throttle-app/etl?store%5Fname=audit', 'team')).to.equal(403);
      expect(await statusOf('/%74hrottle-app/other?store_name=ok', 'team')).to.equal(403);
      expect(await statusOf('//check/other/mysql/ok', 'job')).to.equal(301);
      expect(await statusOf('/ch%65ck/other/mysql/ok', 'job')).to.equal(403);
      expect(await statusOf('/ch%65ck/etl/mysql/ok', 'job')).to.equal(200);
      expect(await statusOf('/ch%65ck-all/other?st%6fre=mysql/ok', 'job')).to.equal(403);
      expect(await statusOf('/wh%79/other/mysql/ok', 'job')).to.equal(403);
      expect(await statusOf('/thr%6fttle-app/other?st%6fre_name=ok', 'team')).to.equal(403);
      expect(await statusOf('/throttle-app/etl?x=;store_name=ok', 'team')).to.equal(403);
      expect(await statusOf('/stor%65s', 'job')).to.equal(403);
    });

    it('lets a team control its own apps on its own stores alone', async () => {
      expect(await statusOf('/throttle-app/etl-1?store_name=ok', 'team')).to.equal(200);
      const caller = 'token team';
      expect(front.mainRequests).to.have.nested.property('[0].command.caller', caller);
      for (const path of [
        '/throttle-app/etl-1',
        '/throttle-app/etl-1?store_name=audit',
        '/throttle-app/other?store_name=ok',
        '/throttle-app/*?store_name=ok',
        '/unthrottle-app/etl-1',
        '/exempt-app/other?store_name=ok',
        '/set-threshold/mysql/ok/5',
        '/reset-threshold/mysql/ok',
        '/skip-host/db1',
        '/recover-host/db1',
      ]) {
        expect(await statusOf(path, 'team'), path).to.equal(403);
      }
      expect(front.mainRequests).to.have.length(1);
      expect(front.reports[0]).to.have.nested.property('refusal.caller', caller);
      expect(await statusOf('/set-threshold/mysql/ok/5', 'dba', 'POST')).to.equal(200);
    });

    it('reads the token of a command whose body is still to come', async () => {
      const send = async (name: string): Promise<string> => {
        const head = `POST /throttle-app/etl-1?store_name=ok HTTP/1.1\r\nHost: x\r\n`;
        const rest = `Authorization: Bearer secret-${name}\r\nContent-Length: 4\r\n\r\na`;
        return exchangeRaw(front.port, [head + rest, 'b=c'], /"StatusCode"/);
      };
      expect(await send('team')).to.match(/^HTTP\/1.1 200 /);
      expect(await send('job')).to.match(/^HTTP\/1.1 403 /);
      expect(await send('wrong')).to.match(/^HTTP\/1.1 401 /);
    });

    it('asks for the role of each route, and for none of those that balancers ask', async () => {
      const open = ['lbCheck', 'leaderCheck', 'metricsHealth', 'page', 'pageFile', 'openapi'];
      for (const route of ROUTES) {
        const isOpen = [...open, 'help', 'access'].includes(route.endpoint);
        const { security } = described[templateOf(route)]!.get;
        expect(security !== undefined, route.pattern).to.equal(isOpen);
        const status = await statusOf(pathOf(route, { storeName: 'ok' }));
        expect(status === 401, `${route.pattern} ${status}`).to.equal(!isOpen);
      }
      expect(await statusOf('/debug/pprof/heap?thread=probe', 'dba')).to.equal(403);
      expect(await statusOf('/raft/yield', 'dba')).to.equal(403);
      expect(await statusOf('/raft/yield', 'root')).to.equal(200);
      expect(await statusOf('/throttle-app/a', 'root')).to.equal(403);
      expect(front.mainRequests.map(({ kind }) => kind)).to.deep.equal(['yieldLeadership']);
    });

    it('says what is missing, and not how near a token was', async () => {
      const none = await fetchOnce(front.port, '/throttle-app/a');
      expect(none.headers['www-authenticate']).to.equal('Bearer realm="freno"');
      expect(JSON.parse(none.body).Message).to.contain('the role "control"');
      const bodies = new Set<string>();
      for (const wrong of ['secret-job2', 'secret-jo', '', 'x'.repeat(600), 'ä']) {
        const headers = { Authorization: `Bearer ${encodeURI(wrong)}` };
        const { status, body, headers: got } = await fetchOnce(front.port, '/stores', { headers });
        expect(status).to.equal(401);
        expect(got['www-authenticate']).to.contain('invalid_token');
        bodies.add(body);
      }
      expect(bodies.size).to.equal(1);
      const { body } = await fetchOnce(front.port, '/check/x/mysql/ok', bearer('job'));
      expect(JSON.parse(body)).to.deep.equal({
        StatusCode: 403,
        Message: 'refused: token job does not have the role "check" for this app',
      });
    });

    it('lets every caller do what anonymous callers may, by whatever header', async () => {
      front.access.setAccess({ ...SETTINGS, anonymous: ['check', 'read'] });
      for (const Authorization of ['', 'Basic YTpi', 'Bearer wrong', 'Bearer secret-job']) {
        const headers = { Authorization };
        const { status } = await fetchOnce(front.port, '/check/any/mysql/ok', { headers });
        expect(status, Authorization).to.equal(200);
      }
      expect(await statusOf('/stores', 'job')).to.equal(200);
      expect(await statusOf('/throttle-app/a')).to.equal(401);
      expect(await statusOf('/throttle-app/a', 'job')).to.equal(403);
      expect(await statusOf('/throttle-app/a', 'dba')).to.equal(200);
    });

    it('takes other rights with the next request', async () => {
      expect(await statusOf('/check/etl/mysql/ok', 'job')).to.equal(200);
      front.access.setAccess({ ...SETTINGS, tokens: [token('job', ['read'])] });
      expect(await statusOf('/check/etl/mysql/ok', 'job')).to.equal(403);
      front.access.setAccess({ ...SETTINGS, tokens: [] });
      expect(await statusOf('/check/etl/mysql/ok', 'job')).to.equal(401);
    });

    it('says to a caller who it is and what it may do', async () => {
      const { body } = await fetchOnce(front.port, '/access', bearer('team'));
      expect(JSON.parse(body)).to.deep.equal({
        ...{ Caller: 'token team', Roles: ['check', 'control'] },
        ...{ Apps: ['etl*'], Stores: ['mysql/ok'], Anonymous: [] },
      });
      expect(JSON.parse((await fetchOnce(front.port, '/access')).body)).to.include({
        Caller: 'anonymous',
      });
      expect(await statusOf('/access', 'wrong')).to.equal(401);
    });
  });
}

describe('a caller that is refused or sends commands without end', () => {
  let front: TestFront;

  before(async () => {
    front = await TestFront.start('uws');
    front.access.setAccess(SETTINGS);
  });

  after(() => front.stop());

  it('with unknown tokens gets 429, and a known token from there is still taken', async () => {
    for (let count = 0; count < FAILED_ATTEMPTS_MAX; count++) {
      expect((await fetchOnce(front.port, '/stores', bearer('wrong'))).status).to.equal(401);
    }
    const { status, headers } = await fetchOnce(front.port, '/stores', bearer('wrong'));
    expect(status).to.equal(429);
    expect(Number(headers['retry-after'])).to.be.within(1, 60);
    expect((await fetchOnce(front.port, '/stores', bearer('reader'))).status).to.equal(200);
    expect(front.reports).to.deep.equal([{ kind: 'unknownToken', client: '127.0.0.1' }]);
  });

  it('with too many commands gets 429, and others do not', async () => {
    const skip = (name: string) => fetchOnce(front.port, '/skip-host/db1', bearer(name));
    for (let count = 0; count < CONTROL_REQUESTS_MAX; count++) {
      expect((await skip('dba')).status).to.equal(200);
    }
    const { status, headers } = await skip('dba');
    expect(status).to.equal(429);
    expect(Number(headers['retry-after'])).to.be.within(1, 60);
    expect((await skip('team')).status).to.equal(403);
  });
});

describe('the judgements that a thread keeps', () => {
  it('have no long paths, of which any number could be asked', () => {
    const guard = new AccessGuard(() => {});
    guard.setAccess(SETTINGS);
    const credentials = { authorization: '', certificate: '', client: '10.0.0.1' };
    const before = process.memoryUsage().heapUsed;
    for (let at = 0; at < 4_000; at++) {
      const path = Buffer.alloc(32_000, `/check/a${at}/`).toString('latin1');
      guard.refusalOfCheck(path, credentials);
    }
    expect(process.memoryUsage().heapUsed - before).to.be.below(64 * 1024 * 1024);
  });
});
