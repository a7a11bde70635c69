/** The settings that a cluster inherits, and its source of hosts. */
import { expect } from 'chai';
import { clusterSettings } from '../../src/config/clusters.js';
import type { MetricSettings } from '../../src/contracts/stores.js';
import { configOf, withCluster } from './documents.js';

/** Those of its own metric. */
function settingsOf(cluster: object, mysql: object = {}): MetricSettings {
  const [settings] = clusterSettings(configOf(withCluster(cluster, mysql)));
  if (settings === undefined) throw new Error('no cluster');
  return settings.metrics[0];
}

const sourceOf = (cluster: object, mysql: object = {}) => settingsOf(cluster, mysql).hosts;

describe('the settings of a cluster', () => {
  const common = {
    User: 'u',
    Password: 'p',
    MetricQuery: ' select 1 ',
    CacheMillis: 10,
    ThrottleThreshold: 1.5,
    Port: 3307,
    IgnoreDialTcpErrors: true,
    IgnoreHostsCount: 2,
    IgnoreHostsThreshold: 3.5,
    HttpCheckPort: 8080,
    HttpCheckPath: '/up',
    IgnoreHosts: ['backup'],
    Collation: 'utf8mb4_bin',
    TLS: { CAFile: 'ca' },
    MaxConnectionAgeSecs: 30,
  };
  const tls = { caFile: 'ca', certFile: '', keyFile: '', serverName: '', skipVerify: false };
  const inherited: MetricSettings = {
    name: 'lag',
    mode: 'enforce',
    hosts: { kind: 'none' },
    user: 'u',
    password: 'p',
    passwordFile: '',
    serverPublicKeyFile: '',
    measured: { kind: 'query', query: 'select 1' },
    cacheMs: 10,
    threshold: 1.5,
    port: 3307,
    collation: 'utf8mb4_bin',
    tls,
    connectionMaxAgeMs: 30_000,
    ignoreDialTcpErrors: true,
    ignoreHostsCount: 2,
    ignoreHostsPercent: 0,
    ignoreHostsThreshold: 3.5,
    catchUp: null,
    httpCheckPort: 8080,
    httpCheckPath: '/up',
    httpCheckTls: null,
    ignoreHosts: ['backup'],
  };

  it('inherits the settings of Stores.MySQL that the cluster does not set', () => {
    expect(settingsOf({}, common)).to.deep.equal(inherited);
  });

  it('inherits the settings of Stores.MySQL where those of the cluster are empty or zero', () => {
    const empty = {
      User: '',
      Password: '',
      MetricQuery: ' ',
      CacheMillis: 0,
      ThrottleThreshold: 0,
      Port: 0,
      IgnoreHostsCount: 0,
      IgnoreHostsThreshold: 0,
      HttpCheckPort: 0,
      HttpCheckPath: '',
      IgnoreHosts: [],
      TLS: {},
    };
    expect(settingsOf(empty, common)).to.deep.equal(inherited);
  });

  it('uses the settings that the cluster sets', () => {
    const own = {
      User: 'u2',
      Password: 'p2',
      MetricQuery: 'show global status',
      CacheMillis: 20,
      ThrottleThreshold: 0.5,
      Port: 3308,
      IgnoreHostsCount: 1,
      IgnoreHostsThreshold: 0.1,
      HttpCheckPort: 81,
      HttpCheckPath: '/ok',
      IgnoreHosts: ['x', 'y'],
    };
    expect(settingsOf(own, common)).to.deep.equal({
      ...inherited,
      user: 'u2',
      password: 'p2',
      measured: { kind: 'query', query: 'show global status' },
      cacheMs: 20,
      threshold: 0.5,
      port: 3308,
      ignoreHostsCount: 1,
      ignoreHostsThreshold: 0.1,
      httpCheckPort: 81,
      httpCheckPath: '/ok',
      ignoreHosts: ['x', 'y'],
    });
  });

  it('measures the lag at port 3306 without HTTP check and TLS by default', () => {
    expect(settingsOf({}, { Port: 0 })).to.deep.include({
      port: 3306,
      httpCheckPort: 0,
      tls: null,
      measured: { kind: 'query', query: '' },
    });
  });

  it('makes no HTTP check where its port is -1, for the cluster or for all', () => {
    expect(settingsOf({ HttpCheckPort: -1 }, { HttpCheckPort: 80 }).httpCheckPort).to.equal(0);
    expect(settingsOf({}, { HttpCheckPort: -1 }).httpCheckPort).to.equal(0);
    expect(settingsOf({ HttpCheckPort: 80 }, { HttpCheckPort: -1 }).httpCheckPort).to.equal(80);
  });

  it('keeps the clusters in the order of the file', () => {
    const Clusters = { b: {}, a: {}, z: {} };
    const names = clusterSettings(configOf({ Stores: { MySQL: { Clusters } } })).map((c) => c.name);
    expect(names).to.deep.equal(['b', 'a', 'z']);
  });

  describe('encryption', () => {
    it('encrypts connections where a TLS object is set, unless it is disabled', () => {
      expect(settingsOf({ TLS: {} }).tls).to.deep.equal({ ...tls, caFile: '' });
      expect(settingsOf({ TLS: { Enabled: true } }).tls).to.not.equal(null);
      expect(settingsOf({ TLS: { Enabled: false, CAFile: 'x' } }).tls).to.equal(null);
      expect(settingsOf({}, { TLS: { Enabled: false } }).tls).to.equal(null);
      expect(settingsOf({ TLS: { Enabled: false } }, common).tls).to.equal(null);
      expect(settingsOf({ TLS: { Enabled: true } }, { TLS: { Enabled: false } }).tls).to.not.equal(
        null,
      );
    });

    it('encrypts the HTTP check by a TLS object of its own, which is inherited alike', () => {
      const HttpCheckTLS = { CAFile: 'ca', ServerName: 'agent' };
      const inherits = settingsOf({ HttpCheckTLS: { ServerName: 'own' } }, { HttpCheckTLS });
      expect(inherits.httpCheckTls).to.deep.equal({ ...tls, serverName: 'own' });
      const off = settingsOf({ HttpCheckTLS: { Enabled: false } }, { HttpCheckTLS });
      expect([off.httpCheckTls, settingsOf({}, common).httpCheckTls]).to.deep.equal([null, null]);
    });

    it('inherits the TLS keys that the cluster does not set, a certificate with its key', () => {
      const shared = {
        CAFile: 'ca',
        CertFile: 'cert',
        KeyFile: 'key',
        ServerName: 'db',
        SkipVerify: true,
      };
      expect(settingsOf({ TLS: { ServerName: 'other' } }, { TLS: shared }).tls).to.deep.equal({
        caFile: 'ca',
        certFile: 'cert',
        keyFile: 'key',
        serverName: 'other',
        skipVerify: true,
      });
      const own = { CertFile: 'cert2', KeyFile: 'key2', SkipVerify: false };
      expect(settingsOf({ TLS: own }, { TLS: shared }).tls).to.include({
        certFile: 'cert2',
        keyFile: 'key2',
        skipVerify: false,
      });
    });
  });
});

describe('the source of hosts of a cluster', () => {
  const HAProxySettings = { Host: 'h', Port: 1001, PoolName: 'pool' };
  const ProxySQLSettings = { Addresses: ['p:6032'], HostgroupID: 7 };
  const VitessSettings = { API: 'http://v/api', Keyspace: 'k' };
  const StaticHostsSettings = { Hosts: ['db1', 'db2:3307'] };

  it('prefers HAProxy to ProxySQL to Vitess to static hosts', () => {
    const all = { StaticHostsSettings, VitessSettings, ProxySQLSettings, HAProxySettings };
    expect(sourceOf(all).kind).to.equal('haproxy');
    expect(sourceOf({ ...all, HAProxySettings: {} }).kind).to.equal('proxysql');
    expect(sourceOf({ StaticHostsSettings, VitessSettings }).kind).to.equal('vitess');
    expect(sourceOf({ StaticHostsSettings })).to.deep.equal({
      kind: 'static',
      hosts: ['db1', 'db2:3307'],
    });
    expect(sourceOf({})).to.deep.equal({ kind: 'none' });
  });

  describe('HAProxy', () => {
    const addressesOf = (settings: object) => {
      const source = sourceOf({ HAProxySettings: settings });
      return source.kind === 'haproxy' ? source.addresses : source.kind;
    };

    it('reads HAProxy at Host and Port, or else at the comma-separated Addresses', () => {
      const Addresses = ' h1, h2:81 ,,https://h3/stats,';
      expect(addressesOf({ PoolName: 'p', Host: 'h', Port: 81 })).to.deep.equal(['h:81']);
      expect(addressesOf({ PoolName: 'p', Host: '::1', Port: 81 })).to.deep.equal(['[::1]:81']);
      expect(addressesOf({ PoolName: 'p', Addresses })).to.deep.equal([
        'h1',
        'h2:81',
        'https://h3/stats',
      ]);
      expect(addressesOf({ PoolName: 'p', Host: 'h', Port: 81, Addresses })).to.deep.equal([
        'h:81',
      ]);
      expect(addressesOf({ PoolName: 'p', Host: 'h', Addresses: 'x' })).to.deep.equal(['x']);
    });

    it('ignores HAProxySettings without a pool or an address', () => {
      expect(addressesOf({ Host: 'h', Port: 81 })).to.equal('none');
      expect(addressesOf({ PoolName: 'p' })).to.equal('none');
      expect(addressesOf({ PoolName: 'p', Host: 'h' })).to.equal('none');
      expect(addressesOf({ PoolName: 'p', Addresses: ' , ' })).to.equal('none');
    });
  });

  describe('ProxySQL', () => {
    const globals = {
      ProxySQLAddresses: ['g1:6032', 'g2:6032'],
      ProxySQLUser: 'gu',
      ProxySQLPassword: 'gp',
    };

    it('inherits addresses, user and password of ProxySQL, and accepts host group 0', () => {
      expect(sourceOf({ ProxySQLSettings: { HostgroupID: 0 } }, globals)).to.deep.equal({
        kind: 'proxysql',
        addresses: ['g1:6032', 'g2:6032'],
        user: 'gu',
        password: 'gp',
        passwordFile: '',
        hostgroupId: 0,
        ignoreServerTtlMs: 10_000,
      });
    });

    it('uses the ProxySQL settings that the cluster sets', () => {
      const own = {
        Addresses: ['p:6032'],
        User: 'u',
        Password: 'p',
        HostgroupID: 5,
        IgnoreServerTTLSecs: 3,
      };
      expect(sourceOf({ ProxySQLSettings: own }, globals)).to.deep.equal({
        kind: 'proxysql',
        addresses: ['p:6032'],
        user: 'u',
        password: 'p',
        passwordFile: '',
        hostgroupId: 5,
        ignoreServerTtlMs: 3_000,
      });
    });

    it('ignores ProxySQLSettings with global keys alone, or without an address', () => {
      expect(sourceOf({}, globals).kind).to.equal('none');
      expect(sourceOf({ ProxySQLSettings: { User: 'u' } }, globals).kind).to.equal('none');
      expect(sourceOf({ ProxySQLSettings: { HostgroupID: 1 } }).kind).to.equal('none');
    });
  });

  describe('Vitess', () => {
    it('inherits the cells of Vitess, with a timeout of five seconds', () => {
      expect(sourceOf({ VitessSettings }, { VitessCells: ['a', 'b'] })).to.deep.equal({
        kind: 'vitess',
        caFile: '',
        api: 'http://v/api',
        cells: ['a', 'b'],
        keyspace: 'k',
        shard: '',
        timeoutMs: 5_000,
      });
    });

    it('uses the Vitess settings that the cluster sets', () => {
      const own = { ...VitessSettings, Cells: ['c'], Shard: '-80', TimeoutSecs: 2 };
      expect(sourceOf({ VitessSettings: own }, { VitessCells: ['a'] })).to.include({
        shard: '-80',
        timeoutMs: 2_000,
      });
      expect(sourceOf({ VitessSettings: own })).to.deep.include({ cells: ['c'] });
    });

    it('ignores VitessSettings without an API or a keyspace', () => {
      expect(sourceOf({ VitessSettings: { API: 'http://v' } }).kind).to.equal('none');
      expect(sourceOf({ VitessSettings: { Keyspace: 'k' } }).kind).to.equal('none');
    });
  });
});
