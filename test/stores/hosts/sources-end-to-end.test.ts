/**
 * A freno process whose clusters get their hosts from the real HAProxy, and from simulated ProxySQL
 * and Vitess.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { Fleet } from '../../../src/demo/fleet.js';
import { FrenoProcess } from '../../../src/demo/freno-process.js';
import { freePorts, TemporaryDirectory } from '../../../src/demo/temporary.js';
import { HAProxy } from '../../support/haproxy.js';
import { fetchOnce } from '../../support/http-client.js';
import { needAddress, needPrograms } from '../../support/needs.js';
import { Pages } from '../../support/pages.js';
import { ProxySQLAdmin } from '../../support/proxysql.js';
import { until } from '../../support/until.js';

interface ReportedCluster {
  readonly Source: string;
  readonly Hosts: readonly string[];
  readonly LastReadAt: string | null;
  readonly LastError: string;
}

describe('freno with hosts from HAProxy, ProxySQL and Vitess', () => {
  const ends: Array<() => unknown> = [];
  let fleet: Fleet;
  let freno: FrenoProcess;
  let proxy: HAProxy;
  let otherProxy: HAProxy;
  let admin: ProxySQLAdmin;
  let tablets: Pages;
  /** Addresses of the MySQL servers; the second lags. */
  let good: string;
  let lagging: string;
  let third: string;

  before(async function () {
    needPrograms(this, 'haproxy');
    await needAddress(this, '127.0.0.11');
    const directory = new TemporaryDirectory();
    ends.push(() => directory.remove());
    fleet = await Fleet.start(
      [0.1, 5, 0.2].map((value, at) => ({ value, host: `127.0.0.${11 + at}` })),
    );
    ends.push(() => fleet.stop());
    [good = '', lagging = '', third = ''] = fleet.hosts;
    proxy = await startProxy([good, lagging, third]);
    otherProxy = await startProxy([third]);
    admin = await ProxySQLAdmin.listen();
    ends.push(() => admin.close());
    admin.groups = { 0: { [good]: 'ONLINE', [lagging]: 'SHUNNED' } };
    tablets = await Pages.serve((_request, response) => response.end(JSON.stringify(tabletList())));
    ends.push(() => tablets.close());
    const [httpPort, raftPort] = await freePorts(2);
    const raftDirectory = join(directory.path, 'raft');
    mkdirSync(raftDirectory);
    freno = new FrenoProcess(configuration(httpPort!, raftPort!, raftDirectory), directory.path);
    ends.push(() => freno.stop());
    await freno.waitFor('/leader-check', 200);
  });

  after(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  async function startProxy(servers: readonly string[]): Promise<HAProxy> {
    const lines = servers.map((server) => `  server ${server} ${server}`);
    const started = await HAProxy.start({ sections: `backend replicas\n${lines.join('\n')}` });
    ends.push(() => started.stop());
    return started;
  }

  function tabletList(): object[] {
    return [good, lagging].map((address, at) => {
      const [mysql_hostname, port] = address.split(':');
      return { type: at === 0 ? 'REPLICA' : 'PRIMARY', mysql_hostname, mysql_port: Number(port) };
    });
  }

  function configuration(httpPort: number, raftPort: number, raftDirectory: string) {
    return {
      ListenPort: httpPort,
      RaftDataDir: raftDirectory,
      ProbeWorkers: 1,
      RaftBind: `127.0.0.1:${raftPort}`,
      Stores: {
        MySQL: {
          User: 'freno',
          Password: 'freno',
          MetricQuery: 'select lag from heartbeat',
          ThrottleThreshold: 1,
          ProxySQLAddresses: [admin.address],
          ProxySQLUser: admin.user,
          ProxySQLPassword: admin.password,
          Clusters: {
            pooled: {
              HAProxySettings: { Host: '127.0.0.1', Port: proxy.port, PoolName: 'replicas' },
            },
            cut: {
              HAProxySettings: {
                Addresses: `http://127.0.0.1:${otherProxy.port}/`,
                PoolName: 'replicas',
              },
            },
            // One metric of a listed host, the other of a pool of HAProxy.
            mixed: {
              StaticHostsSettings: { Hosts: [good] },
              Metrics: {
                load: {
                  Query: 'select load from status',
                  Threshold: 1,
                  Hosts: {
                    HAProxySettings: { Host: '127.0.0.1', Port: proxy.port, PoolName: 'replicas' },
                  },
                },
              },
            },
            proxied: { ProxySQLSettings: { HostgroupID: 0 } },
            sharded: { VitessSettings: { API: tablets.url, Keyspace: 'ks', Shard: '-80' } },
            unreachable: {
              VitessSettings: { API: 'http://127.0.0.1:1/api', Keyspace: 'ks', Shard: '-80' },
            },
          },
        },
      },
    };
  }

  async function inventory(): Promise<Record<string, ReportedCluster>> {
    const { body } = await fetchOnce(freno.port, '/inventory');
    return JSON.parse(body) as Record<string, ReportedCluster>;
  }

  async function check(
    cluster: string,
  ): Promise<{ StatusCode: number; Value: number; Metric?: string }> {
    const { body } = await fetchOnce(freno.port, `/check/test/mysql/${cluster}`);
    return JSON.parse(body) as { StatusCode: number; Value: number; Metric?: string };
  }

  it('probes the hosts of each source', async () => {
    for (const cluster of ['pooled', 'cut', 'mixed', 'proxied', 'sharded']) {
      await until(async () => [200, 429].includes((await check(cluster)).StatusCode));
    }
    const clusters = await inventory();
    expect(clusters.pooled).to.deep.include({ Source: 'haproxy', Hosts: [good, lagging, third] });
    expect(clusters.cut).to.deep.include({ Source: 'haproxy', Hosts: [third] });
    expect(clusters.proxied).to.deep.include({ Source: 'proxysql', Hosts: [good], LastError: '' });
    expect(clusters.sharded).to.deep.include({ Source: 'vitess', Hosts: [good], LastError: '' });
    expect(await check('pooled')).to.include({ StatusCode: 429, Value: 5 });
    expect(await check('cut')).to.include({ StatusCode: 200, Value: 0.2 });
    expect(await check('mixed')).to.include({ StatusCode: 429, Value: 5, Metric: 'load' });
    expect(await check('proxied')).to.include({ StatusCode: 200, Value: 0.1 });
    expect(await check('sharded')).to.include({ StatusCode: 200, Value: 0.1 });
  });

  it('has no value for a cluster whose source never responded, and reports why', async () => {
    await until(async () => (await inventory()).unreachable!.LastError !== '');
    const { unreachable } = await inventory();
    expect(unreachable).to.deep.include({ Source: 'vitess', Hosts: [], LastReadAt: null });
    expect(unreachable!.LastError).to.match(/^vtctld http:\/\/127\.0\.0\.1:1\/api.*ECONNREFUSED/);
    expect(await check('unreachable')).to.include({ StatusCode: 404 });
  });

  it('drops a drained host, and keeps the hosts of a dead HAProxy and logs that once', async () => {
    expect(await proxy.command(`set server replicas/${lagging} state drain`)).to.equal('');
    await otherProxy.stop();
    await freno.waitFor('/check/test/mysql/pooled', 200);
    expect(await check('pooled')).to.include({ StatusCode: 200, Value: 0.2 });
    await freno.waitFor('/check/test/mysql/mixed', 200);
    expect((await inventory()).pooled).to.deep.include({ Hosts: [good, third], LastError: '' });
    await until(async () => (await inventory()).cut!.LastError !== '');
    const { cut } = await inventory();
    expect(cut!.Hosts).to.deep.equal([third]);
    expect(cut!.LastError).to.include(`HAProxy http://127.0.0.1:${otherProxy.port}: `);
    expect(await check('cut')).to.include({ StatusCode: 200, Value: 0.2 });
    // Two to each host: clusters that ask it the same share one, `mixed` asks for something else.
    // None is left to the drained one.
    await until(async () => (await fleet.statistics()).connections === 4);
    const warnings = freno.log.split('\n').filter((line) => line.includes('cannot read host list'));
    expect(warnings.map((line) => (JSON.parse(line) as { store: string }).store)).to.deep.equal([
      'unreachable',
      'cut',
    ]);
  });
});
