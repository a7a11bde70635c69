/** The metrics of a cluster: their statements, and what they inherit. */
import { expect } from 'chai';
import { clusterSettings } from '../../src/config/clusters.js';
import { KNOWN_METRICS } from '../../src/config/known-metrics.js';
import type { ConfigInput } from '../../src/config/schema.js';
import type { MetricSettings } from '../../src/contracts/stores.js';
import { configOf, withCluster } from './documents.js';

const SOURCE = { StaticHostsSettings: { Hosts: ['db1'] } };
const HAPROXY = { HAProxySettings: { Host: 'lb', Port: 1936, PoolName: 'replicas' } };

function metricsOf(document: ConfigInput): MetricSettings[] {
  return [...clusterSettings(configOf(document))[0]!.metrics];
}

/** The only metric beside the own one. */
function other(metric: object, cluster: object = {}, mysql: object = {}, name = 'x') {
  const [, settings] = metricsOf(withCluster({ ...cluster, Metrics: { [name]: metric } }, mysql));
  return settings!;
}

const X = { Query: 'select 1', Threshold: 1 };

describe('the metrics of a cluster', () => {
  it('are the own one, called lag unless MetricName says otherwise, and those by name', () => {
    const names = (cluster: object, mysql: object = {}) =>
      metricsOf(withCluster(cluster, mysql)).map(({ name }) => name);
    expect(names({})).to.deep.equal(['lag']);
    expect(names({ MetricName: 'beat' }, { MetricName: 'other' })).to.deep.equal(['beat']);
    expect(names({ Metrics: { y: X } }, { MetricName: 'beat', Metrics: { x: X } })).to.deep.equal([
      'beat',
      'x',
      'y',
    ]);
  });

  it('take their statements from the known ones, unless they have a query', () => {
    const name = 'history_list_length';
    expect(other({}, {}, {}, name).measured).to.equal(KNOWN_METRICS.get(name)!.source);
    expect(other({ Query: ' select 2 ' }, {}, {}, name).measured).to.deep.equal({
      kind: 'query',
      query: 'select 2',
    });
    expect(other({ Query: 'select 2', Kind: 'rate' }).measured).to.deep.equal({
      kind: 'rate',
      query: 'select 2',
    });
    const Prometheus = { URL: 'http://p:9090', Query: 'node_load1' };
    expect(other({ Prometheus }).measured).to.deep.equal({
      kind: 'prometheus',
      caFile: '',
      url: 'http://p:9090',
      query: 'node_load1',
      intervalMs: 5_000,
    });
    const lag = metricsOf(withCluster({ MetricName: 'beat', Metrics: { lag: { Threshold: 1 } } }));
    expect(lag[1]!.measured).to.deep.equal({ kind: 'query', query: '' });
  });

  const inherited = {
    User: 'u',
    Password: 'p',
    CacheMillis: 10,
    Port: 3307,
    IgnoreDialTcpErrors: true,
    IgnoreHostsCount: 2,
    IgnoreHostsPercent: 25,
    IgnoreHostsThreshold: 3.5,
    HttpCheckPort: 8080,
    HttpCheckPath: '/up',
    IgnoreHosts: ['backup'],
    TLS: { CAFile: 'ca', ServerName: 'db' },
  };

  it('inherit from the cluster all but threshold, mode and catching up', () => {
    const cluster = { ...SOURCE, ThrottleMode: 'observe', CatchUp: {}, ThrottleThreshold: 9 };
    const [own, x] = metricsOf(withCluster({ ...cluster, Metrics: { x: X } }, inherited));
    expect(own).to.deep.include({ mode: 'observe', ignoreHostsPercent: 25 });
    expect(own!.catchUp).to.deep.equal({ aboveSeconds: 600, maxMinutes: 240 });
    expect(x).to.deep.equal({
      ...own,
      name: 'x',
      mode: 'enforce',
      threshold: 1,
      measured: { kind: 'query', query: 'select 1' },
      catchUp: null,
    });
  });

  it('have what they set, also 0 and an empty list', () => {
    const none = {
      CacheMillis: 0,
      IgnoreDialTcpErrors: false,
      IgnoreHostsCount: 0,
      IgnoreHostsPercent: 0,
      IgnoreHostsThreshold: 0,
      HttpCheckPort: 0,
      IgnoreHosts: [],
      TLS: { ServerName: 'other' },
      CatchUp: { AboveSeconds: 50 },
      Mode: 'observe',
    };
    expect(other({ ...X, ...none }, SOURCE, inherited)).to.deep.include({
      cacheMs: 0,
      ignoreDialTcpErrors: false,
      ignoreHostsCount: 0,
      ignoreHostsPercent: 0,
      ignoreHostsThreshold: 0,
      httpCheckPort: 0,
      ignoreHosts: [],
      catchUp: { aboveSeconds: 50, maxMinutes: 240 },
      mode: 'observe',
      user: 'u',
    });
    const { tls } = other({ ...X, ...none }, SOURCE, inherited);
    expect(tls).to.include({ caFile: 'ca', serverName: 'other' });
    const login = { User: 'v', Password: '', Port: 0 };
    expect(other({ ...X, ...login }, SOURCE, inherited)).to.include({
      user: 'v',
      password: 'p',
      port: 3307,
    });
    expect(other({ ...X, TLS: { Enabled: false } }, SOURCE, inherited).tls).to.equal(null);
    const check = { HttpCheckTLS: { CAFile: 'ca' } };
    expect(other(X, SOURCE, check).httpCheckTls).to.include({ caFile: 'ca' });
    const named = other({ ...X, HttpCheckTLS: { ServerName: 'n' } }, SOURCE, check);
    expect(named.httpCheckTls).to.include({ caFile: 'ca', serverName: 'n' });
  });

  it('of Stores.MySQL are those of each cluster, which may set keys or take one out', () => {
    const common = { x: { ...X, CacheMillis: 5 }, y: X, z: X };
    const own = { x: { Threshold: 7 }, y: { Enabled: false } };
    const [, x, z] = metricsOf(withCluster({ Metrics: own }, { Metrics: common }));
    expect(x).to.include({ name: 'x', threshold: 7, cacheMs: 5 });
    expect(z).to.include({ name: 'z', threshold: 1 });
    const Prometheus = { URL: 'http://p', Query: 'up' };
    const replaced = { x: { Prometheus } };
    const rate = { x: { Query: 'select 1', Kind: 'rate', Threshold: 1 } };
    const kindOf = (here: object, there: object) =>
      metricsOf(withCluster({ Metrics: here }, { Metrics: there }))[1]!.measured.kind;
    expect(kindOf(replaced, rate)).to.equal('prometheus');
    expect(kindOf(rate, replaced)).to.equal('rate');
    const again = { x: { Enabled: true } };
    const off = { x: { ...X, Enabled: false } };
    expect(metricsOf(withCluster({}, { Metrics: off }))).to.have.length(1);
    expect(metricsOf(withCluster({ Metrics: again }, { Metrics: off }))).to.have.length(2);
  });

  it('are read once a second where they are shares of time, unless a key says otherwise', () => {
    const name = 'wsrep_flow_control_paused';
    expect(other({}, {}, {}, name).cacheMs).to.equal(1_000);
    expect(other({}, { CacheMillis: 200 }, {}, name).cacheMs).to.equal(200);
    expect(other({ CacheMillis: 0 }, {}, {}, name).cacheMs).to.equal(0);
    expect(other({ Query: 'select 1' }, {}, {}, name).cacheMs).to.equal(0);
  });

  it('are all observed where the service observes', () => {
    const document = withCluster({ ThrottleMode: 'enforce', Metrics: { x: X } });
    const modes = metricsOf({ ...document, ThrottleMode: 'observe' }).map(({ mode }) => mode);
    expect(modes).to.deep.equal(['observe', 'observe']);
  });

  it('may leave hosts out that catch up, by keys that inherit', () => {
    const own = (cluster: object, mysql: object) =>
      metricsOf(withCluster(cluster, mysql))[0]!.catchUp;
    const CatchUp = { AboveSeconds: 60, MaxMinutes: 5 };
    expect(own({}, {})).to.equal(null);
    expect(own({}, { CatchUp })).to.deep.equal({ aboveSeconds: 60, maxMinutes: 5 });
    expect(own({ CatchUp: { MaxMinutes: 9 } }, { CatchUp })).to.deep.equal({
      aboveSeconds: 60,
      maxMinutes: 9,
    });
    expect(own({ CatchUp: { Enabled: false } }, { CatchUp })).to.equal(null);
    expect(own({ CatchUp: { Enabled: true } }, { CatchUp: { Enabled: false } })).to.not.equal(null);
  });

  describe('on other hosts', () => {
    const hosts = (Hosts: object, cluster: object, mysql: object = {}) =>
      other({ ...X, Hosts }, cluster, mysql).hosts;

    it('are those of another pool of the same HAProxy', () => {
      const pool = { HAProxySettings: { PoolName: 'main_rw' } };
      expect(hosts(pool, HAPROXY)).to.deep.equal({
        kind: 'haproxy',
        caFile: '',
        addresses: ['lb:1936'],
        poolName: 'main_rw',
      });
      const Addresses = 'lb2:1936';
      expect(hosts({ HAProxySettings: { Addresses } }, HAPROXY)).to.deep.equal({
        kind: 'haproxy',
        caFile: '',
        addresses: ['lb2:1936'],
        poolName: 'replicas',
      });
    });

    it('are those of another host group of the same ProxySQL', () => {
      const ProxySQLSettings = { Addresses: ['p:6032'], User: 'a', HostgroupID: 1 };
      expect(hosts({ ProxySQLSettings: { HostgroupID: 0 } }, { ProxySQLSettings })).to.deep.equal({
        kind: 'proxysql',
        addresses: ['p:6032'],
        user: 'a',
        password: '',
        passwordFile: '',
        hostgroupId: 0,
        ignoreServerTtlMs: 10_000,
      });
    });

    it('are those of another shard of the same Vitess', () => {
      const VitessSettings = { API: 'http://v', Keyspace: 'k', Shard: '-80', TimeoutSecs: 2 };
      expect(hosts({ VitessSettings: { Shard: '80-' } }, { VitessSettings })).to.deep.include({
        kind: 'vitess',
        caFile: '',
        api: 'http://v',
        shard: '80-',
        timeoutMs: 2_000,
      });
    });

    it('are read with the authorities of the cluster, or with their own', () => {
      const own = { Addresses: 'https://h', PoolName: 'replicas', CAFile: '/ca.pem' };
      const cluster = { HAProxySettings: own };
      for (const [keys, caFile] of [
        [{ PoolName: 'primary' }, '/ca.pem'],
        [{ PoolName: 'primary', CAFile: '/other.pem' }, '/other.pem'],
      ] as const) {
        expect(hosts({ HAProxySettings: keys }, cluster)).to.include({ caFile });
      }
      const VitessSettings = { API: 'https://v', Keyspace: 'k', CAFile: '/ca.pem' };
      const shard = hosts({ VitessSettings: { Shard: '80-' } }, { VitessSettings });
      expect(shard).to.include({ caFile: '/ca.pem' });
    });

    it('are of another kind than those of the cluster', () => {
      expect(hosts({ StaticHostsSettings: { Hosts: ['p'] } }, HAPROXY)).to.deep.equal({
        kind: 'static',
        hosts: ['p'],
      });
    });
  });
});
