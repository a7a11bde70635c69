/** SIGHUP, as an operator uses it on a serving node. */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { STORES_MAX } from '../../src/base/limits.js';
import { Fleet } from '../../src/demo/fleet.js';
import { FrenoProcess } from '../../src/demo/freno-process.js';
import { freePorts, TemporaryDirectory } from '../../src/demo/temporary.js';
import { Exposition } from '../support/exposition.js';
import { fetchJson, fetchOnce } from '../support/http-client.js';
import { until } from '../support/until.js';

const VALUE = 0.5;

describe('SIGHUP', () => {
  let directory: TemporaryDirectory;
  let fleet: Fleet;
  let freno: FrenoProcess;
  let port: number;

  before(async () => {
    directory = new TemporaryDirectory();
    fleet = await Fleet.start([{ value: VALUE }, { value: VALUE }]);
    [port = 0] = await freePorts(1);
    freno = new FrenoProcess(configuration({}), directory.path);
    await freno.waitFor('/check/a/mysql/main', 200);
  });

  after(async () => {
    await freno.stop();
    await fleet.stop();
    directory.remove();
  });

  function configuration(changes: { ThrottleThreshold?: number; clusters?: object; top?: object }) {
    const { ThrottleThreshold = 1, clusters = {}, top = {} } = changes;
    const main = { ThrottleThreshold, StaticHostsSettings: { Hosts: [fleet.hosts[0]] } };
    return {
      ListenPort: port,
      RaftDataDir: join(directory.path, 'raft'),
      Stores: {
        MySQL: {
          User: 'freno',
          Password: 'first-secret',
          MetricQuery: 'select lag from meta.heartbeat',
          Clusters: { main, ...clusters },
        },
      },
      ...top,
    };
  }

  /** Writes the file and sends SIGHUP; resolves with the log lines of that reload. */
  async function reload(content: object | string): Promise<string[]> {
    const text = typeof content === 'string' ? content : JSON.stringify(content);
    writeFileSync(join(directory.path, `freno-${port}.conf.json`), text);
    const linesBefore = freno.logLines.length;
    freno.signal('SIGHUP');
    await until(() =>
      /configuration reloaded|nothing changed/.test(freno.logLines.slice(linesBefore).join()),
    );
    return freno.logLines
      .slice(linesBefore)
      .map((line) => (JSON.parse(line) as { msg: string }).msg);
  }

  async function check(store: string): Promise<number> {
    return (await fetchOnce(port, `/check/a/mysql/${store}`)).status;
  }

  it('changes a threshold without a restart, and logs the change in one line', async () => {
    const lines = await reload(configuration({ ThrottleThreshold: 0.25 }));
    expect(lines).to.include('Stores.MySQL.Clusters.main.ThrottleThreshold: 1 -> 0.25');
    expect(await check('main')).to.equal(429);
    await reload(configuration({}));
    expect(await check('main')).to.equal(200);
  });

  it('changes who may do what, and no longer takes a token that was removed', async () => {
    const SHA256 = createHash('sha256').update('secret').digest('hex');
    const Tokens = [{ Name: 'ci', SHA256, Roles: ['check'] }];
    const statuses = async () => {
      const headers = { Authorization: 'Bearer secret' };
      const named = await fetchOnce(port, '/check/a/mysql/main', { headers });
      return [named.status, await check('main')];
    };
    const lines = await reload(configuration({ top: { Access: { Anonymous: [], Tokens } } }));
    expect(lines).to.include('Access.Tokens: (changed)');
    expect(await statuses()).to.deep.equal([200, 401]);
    await reload(configuration({ top: { Access: { Anonymous: [] } } }));
    expect(await statuses()).to.deep.equal([401, 401]);
    await reload(configuration({}));
    expect(await statuses()).to.deep.equal([200, 200]);
  });

  it('reports in the metrics how the latest reload ended, and what is in force', async () => {
    const scrape = async () => new Exposition((await fetchOnce(port, '/metrics')).body);
    const value = async (name: string) => (await scrape()).value(`freno_config_${name}`);
    await reload(configuration({}));
    const hash = await value('hash');
    const loadedAt = await value('last_reload_success_timestamp_seconds');
    expect(await value('last_reload_successful')).to.equal(1);
    expect(loadedAt).to.be.closeTo(Date.now() / 1000, 60);
    await reload('{');
    expect(await value('last_reload_successful')).to.equal(0);
    expect(await value('hash')).to.equal(hash);
    expect(await value('last_reload_success_timestamp_seconds')).to.equal(loadedAt);
    await reload(configuration({ ThrottleThreshold: 0.75, top: { RaftClusterName: 'other' } }));
    expect(await value('last_reload_successful')).to.equal(1);
    expect(await value('pending_keys')).to.equal(1);
    expect(await value('hash')).not.to.equal(hash);
    await reload(configuration({}));
    expect(await value('pending_keys')).to.equal(0);
    expect(await value('hash')).to.equal(hash);
  });

  it('adds a cluster and removes it again without a gap in the checks of others', async () => {
    let asking = true;
    const seen = new Set<number>();
    const asked = (async () => {
      while (asking) seen.add(await check('main'));
    })();
    const other = {
      other: { ThrottleThreshold: 1, StaticHostsSettings: { Hosts: [fleet.hosts[1]] } },
    };
    expect(await check('other')).to.equal(404);
    await reload(configuration({ clusters: other }));
    await until(async () => (await check('other')) === 200);
    await reload(configuration({}));
    expect(await fetchJson(port, '/check/a/mysql/other')).to.deep.include({
      StatusCode: 404,
      Threshold: 0,
    });
    asking = false;
    await asked;
    expect([...seen]).to.deep.equal([200]);
  });

  it('answers with no value of hosts that a reload removes', async () => {
    const body = async (): Promise<string> =>
      (await fetchOnce(port, '/check/a/mysql/leaving')).body;
    const leaving = (Hosts: string[], changes: object = {}) =>
      configuration({
        clusters: { leaving: { ThrottleThreshold: 1, StaticHostsSettings: { Hosts }, ...changes } },
      });
    const [first = '', second = ''] = fleet.hosts;
    const [, secondPort = ''] = second.split(/:(?=\d+$)/);
    const unread = /"StatusCode":(404|500),"Value":0,/;
    for (const [how, reloaded] of [
      ['an empty list', leaving([])],
      ['no source', configuration({ clusters: { leaving: {} } })],
      ['another host', leaving(['127.0.0.1:1'])],
      [
        'a source that cannot be read',
        configuration({
          clusters: { leaving: { HAProxySettings: { Addresses: '127.0.0.1:1', PoolName: 'p' } } },
        }),
      ],
      ['IgnoreHosts', leaving([second], { IgnoreHosts: [`:${secondPort}`] })],
    ] as const) {
      await reload(leaving([second]));
      await until(async () => (await check('leaving')) === 200);
      await reload(reloaded);
      expect(await body(), how).to.match(unread);
    }
    await reload(leaving([first, second]));
    await until(async () => (await check('leaving')) === 200);
    await reload(configuration({}));
    await reload(leaving(['127.0.0.1:1']));
    expect(await body(), 'removed and added again').to.match(unread);
    await reload(configuration({}));
  });

  it('applies new credentials without logging them', async () => {
    const changed = configuration({});
    changed.Stores.MySQL.Password = 'second-secret';
    const lines = await reload(changed);
    expect(lines).to.include('Stores.MySQL.Password: (changed)');
    expect(lines.join()).not.to.include('secret');
    await until(async () => (await check('main')) === 200);
  });

  it('logs at each reload that a changed key needs a restart, until the restart', async () => {
    for (let reloads = 0; reloads < 2; reloads++) {
      const lines = await reload(configuration({ top: { HttpWorkers: 2 } }));
      expect(lines).to.include('HttpWorkers: 0 -> 2 (needs a restart)');
    }
  });

  it('refuses a missing certificate, names its path, and changes nothing', async () => {
    const changed = configuration({ ThrottleThreshold: 0.25 });
    const TLS = { CAFile: join(directory.path, 'ca.pem') };
    const MySQL = { ...changed.Stores.MySQL, TLS };
    const lines = await reload({ ...changed, Stores: { MySQL } });
    expect(lines).to.have.length(1);
    expect(lines[0]).to.match(/nothing changed: .*Stores\.MySQL\.TLS\.CAFile: .*ca\.pem cannot/);
    expect(await check('main')).to.equal(200);
  });

  it('refuses a malformed file, names the mistake, and changes nothing', async () => {
    const [line] = await reload(configuration({ top: { ListenPotr: 1 } }));
    expect(line).to.include('nothing changed').and.include('ListenPotr');
    expect((await reload('{"ListenPort": 1,,')).join()).to.include('nothing changed');
    expect(await check('main')).to.equal(200);
  });

  // The last test: it logs more lines than are kept.
  it('changes nothing when there is no room for the new clusters beside the old ones', async () => {
    const names = Array.from({ length: STORES_MAX }, (_, number) => `other${number}`);
    const changed = configuration({ top: { MemcacheServers: ['127.0.0.1:1'] } });
    const MySQL = { Clusters: Object.fromEntries(names.map((name) => [name, {}])) };
    const lines = await reload({ ...changed, Stores: { MySQL } });
    expect(lines.at(-1)).to.match(
      /nothing changed: 4096 metrics of stores, beside 1 that are removed/,
    );
    expect(await fetchJson(port, '/config/memcache')).to.have.deep.property('MemcacheServers', []);
    expect(await check('main')).to.equal(200);
  });
});
