/** Many callers of one client: what they share, and how one of them leaves. */
import { expect } from 'chai';
import { failureOf } from '../support/failure.js';
import { until } from '../support/until.js';
import { AskedServer, CHECK, denied, HELD, holding, no, yes } from './asked-server.js';

describe('a client with many callers', () => {
  let server: AskedServer;

  beforeEach(async () => {
    server = await AskedServer.start();
  });

  afterEach(() => server.close());

  const callers = Array.from({ length: 50 }, (_, index) => index);

  it('asks once for all that share a yes', async () => {
    server.respond = yes;
    const one = server.client({ shareMs: 1_000 });
    await Promise.all(callers.map(() => one.waitFor()));
    await one.check();
    expect(server.pages.paths).to.deep.equal([CHECK]);
  });

  it('asks for each that shares none', async () => {
    server.respond = yes;
    const one = server.client();
    await Promise.all(callers.map(() => one.waitFor()));
    expect(server.pages.paths).to.have.length(callers.length);
  });

  it('does not share a yes of another question', async () => {
    server.respond = (request, response) =>
      (request.url === CHECK ? yes : denied)(request, response);
    const one = server.client({ shareMs: 1_000 });
    expect(await one.check()).to.include({ permitted: true });
    expect(await one.check({ app: 'other' })).to.include({ permitted: false });
    expect(await one.check({ store: 'other' })).to.include({ permitted: false });
    expect(await one.check({ priority: 'low' })).to.include({ permitted: false });
  });

  it('does not share a yes that is too old, nor any refusal', async () => {
    server.respond = yes;
    const one = server.client({ shareMs: 1 });
    await one.check();
    server.respond = no;
    await until(async () => !(await one.check()).permitted);
    server.respond = yes;
    expect(await one.check()).to.include({ permitted: true });
  });

  it('waits once for all, and lets all go at the yes', async () => {
    const held: (() => void)[] = [];
    server.respond = holding(held, no);
    const one = server.client({ shareMs: 100 });
    const permissions = callers.map(() => one.waitFor());
    await until(() => held.length === 1);
    held[0]!();
    await Promise.all(permissions);
    expect(server.pages.paths).to.deep.equal([CHECK, HELD]);
  });

  it('lets one go without the others', async () => {
    const held: (() => void)[] = [];
    server.respond = holding(held, no);
    const one = server.client({ shareMs: 100 });
    const controller = new AbortController();
    const leaving = one.waitFor({ signal: controller.signal });
    const staying = one.waitFor();
    await until(() => held.length === 1);
    const reason = new Error('the job ends');
    controller.abort(reason);
    expect(await failureOf(leaving)).to.equal(reason);
    held[0]!();
    expect((await staying).answer).to.include({ permitted: true });
    expect(server.requests(HELD)).to.equal(1);
  });

  it('serves a caller that comes when the last of the others has gone', async () => {
    const held: (() => void)[] = [];
    server.respond = holding(held, no);
    const one = server.client({ shareMs: 100 });
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
