/** A threshold set for the time of an incident, and an exempted app, on a real node. */
import { expect } from 'chai';
import type { Fleet } from '../../src/demo/fleet.js';
import type { FrenoProcess } from '../../src/demo/freno-process.js';
import { fetchJson, fetchOnce } from '../support/http-client.js';
import { CHECK_PATH, OneNode } from '../support/one-node.js';
import { until } from '../support/until.js';

describe('a node in an incident', () => {
  let node: OneNode;
  let fleet: Fleet;
  let freno: FrenoProcess;

  before(async () => {
    node = await OneNode.start();
    ({ freno, fleet } = node);
  });

  after(() => node?.stop());

  async function command(path: string): Promise<unknown> {
    const { status, body } = await fetchOnce(freno.port, path);
    expect(status, body).to.equal(200);
    return (JSON.parse(body) as { readonly Matched: unknown }).Matched;
  }

  /** The responses of both workers to checks on fresh connections. */
  async function responses(): Promise<Set<string>> {
    const checks = Array.from({ length: 20 }, () => fetchOnce(freno.port, CHECK_PATH));
    return new Set((await Promise.all(checks)).map(({ body }) => body));
  }

  const logged = (text: string): Record<string, unknown> | undefined => {
    const line = freno.logLines.find((each) => each.includes(`"${text}"`));
    return line === undefined ? undefined : (JSON.parse(line) as Record<string, unknown>);
  };

  it('judges every check by the threshold that was set, from its response on', async () => {
    expect(await command('/set-threshold/mysql/main/0.125/ttl/5')).to.deep.equal({ Metric: 'lag' });
    expect(await responses()).to.deep.equal(
      new Set([
        '{"StatusCode":429,"Value":0.5,"Threshold":0.125,"Message":"Threshold exceeded"}\n',
      ]),
    );
    const crossing = await until(() => logged('threshold exceeded'));
    expect(crossing).to.include({ store: 'main', value: 0.5, threshold: 0.125 });
    const health = `/metrics-health`;
    await until(async () => {
      const { 'mysql/main': main } = (await fetchJson(freno.port, health)) as {
        'mysql/main': { SecondsSinceLastHealthy: number };
      };
      return main.SecondsSinceLastHealthy >= 1;
    });
    expect(await command('/reset-threshold/mysql/main')).to.deep.equal({ Entries: 1 });
    expect(await responses()).to.deep.equal(
      new Set(['{"StatusCode":200,"Value":0.5,"Threshold":1,"Message":""}\n']),
    );
    await until(() => logged('threshold no longer exceeded'));
  });

  it('says what a command matched: apps that checked, stores, hosts', async () => {
    expect(await command('/throttle-app/a/ttl/1?store_name=main')).to.deep.equal({
      AppSeen: true,
      StoreConfigured: true,
    });
    expect(await command('/throttle-app/b?store_name=mian')).to.deep.equal({
      AppSeen: false,
      StoreConfigured: false,
    });
    expect(await command('/throttle-app/*')).to.deep.equal({ AppSeen: true });
    expect(await command('/unthrottle-app/a')).to.deep.equal({ Entries: 1 });
    expect(await command('/unthrottle-app/*')).to.deep.equal({ Entries: 1 });
    const [address = ''] = fleet.hosts;
    const host = address.replace(/:\d+$/, '');
    const found = { Hosts: [address], Stores: ['mysql/main'], StoresWithoutHosts: ['mysql/main'] };
    expect(await command(`/skip-host/${host}`)).to.deep.equal(found);
    expect(await command(`/recover-host/${host}`)).to.deep.equal({ Entries: 1 });
    expect(await command('/recover-host/nosuch')).to.deep.equal({ Entries: 0 });
  });

  it('logs who set what until when, and why', async () => {
    await command('/set-threshold/mysql/main/2/ttl/5?owner=dba&reason=incident+7');
    const line = await until(() =>
      freno.logLines.find((each) => each.includes('"threshold set"') && each.includes('dba')),
    );
    expect(JSON.parse(line)).to.deep.include({
      ...{ client: '127.0.0.1', owner: 'dba', metric: 'mysql/main', threshold: 2 },
      reason: 'incident 7',
    });
    expect(JSON.parse(line).until).to.match(/^\d{4}-.*Z$/);
  });
});
