/** The metrics of a cluster: what they inherit, which are refused, and which are warned about. */
import { expect } from 'chai';
import { advice } from '../../src/config/advice.js';
import { changes } from '../../src/config/changes.js';
import { clusterSettings } from '../../src/config/clusters.js';
import { configHash } from '../../src/config/hash.js';
import { KNOWN_METRICS } from '../../src/config/known-metrics.js';
import { metricQueryKind } from '../../src/config/metric-query.js';
import type { ConfigInput } from '../../src/config/schema.js';
import type { MetricSettings } from '../../src/contracts/stores.js';
import { configOf, problemsOf, withCluster } from './documents.js';

const CLUSTER = 'Stores.MySQL.Clusters.c';
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

describe('mistakes in metrics', () => {
  const problemsOfMetric = (metric: object, name = 'x', cluster: object = SOURCE) =>
    problemsOf(withCluster({ ...cluster, Metrics: { [name]: metric } }));
  const at = (key = '', name = 'x') => `${CLUSTER}.Metrics.${name}${key}`;

  it('are an unknown name without a query, with the nearest known one', () => {
    expect(problemsOfMetric({ Threshold: 1 }, 'thread_running')).to.deep.equal([
      `${at('', 'thread_running')}: needs a Query: it is none of the known metrics; ` +
        'did you mean threads_running?',
    ]);
    expect(problemsOfMetric({})).to.deep.equal([
      `${at()}: needs a Query: it is none of the known metrics`,
    ]);
    expect(problemsOfMetric({ Query: ' ' })).to.deep.equal([`${at('.Query')}: must not be empty`]);
    const wrong = problemsOfMetric({ Query: 'delete from t' });
    expect(wrong).to.have.length(1);
    expect(wrong[0]).to.match(/\.Metrics\.x\.Query: must begin with "select"/);
  });

  it('are a rate of nothing, and two things to measure', () => {
    const rate = ': needs a Query: the rate of its number is measured';
    expect(problemsOfMetric({ Kind: 'rate' }, 'threads_running')).to.deep.equal([
      `${at('.Kind', 'threads_running')}${rate}`,
    ]);
    const Prometheus = { URL: 'http://p', Query: 'up' };
    expect(problemsOfMetric({ Query: 'select 1', Prometheus })).to.deep.equal([
      `${at()}: has a Query and Prometheus: set one of them`,
    ]);
    expect(problemsOfMetric({ Kind: 'rate', Prometheus })).to.deep.equal([
      `${at('.Kind')}: not with Prometheus: write rate(…) in its Query`,
    ]);
    expect(problemsOfMetric({ Prometheus: {} })).to.deep.equal([
      `${at('.Prometheus.URL')}: must be set`,
      `${at('.Prometheus.Query')}: must be set`,
    ]);
    expect(problemsOfMetric({ Prometheus: { ...Prometheus, URL: 'p:9090' } })).to.deep.equal([
      `${at('.Prometheus.URL')}: must be a URL that begins with http:// or https://`,
    ]);
  });

  it('are names that are no names of metrics', () => {
    for (const name of ['A', 'a b', 'a/b', 'a,b', 'ä']) {
      const [problem, ...more] = problemsOfMetric(X, name);
      expect(problem).to.include('the name of a metric must have only lower-case letters');
      expect(more).to.deep.equal([]);
    }
    expect(problemsOfMetric(X, 'x'.repeat(65))[0]).to.include('at most 64 characters');
    expect(problemsOf(withCluster({ MetricName: 'Lag' }))[0]).to.match(
      /\.MetricName: .*lower-case/,
    );
    expect(problemsOfMetric(X, 'constructor')).to.deep.equal([]);
  });

  it('are the name of the own metric', () => {
    const [problem, ...more] = problemsOfMetric({ Threshold: 1 }, 'lag');
    expect(problem).to.match(/\.Metrics\.lag: has the name of a store's own metric, .*MetricName/);
    expect(more).to.deep.equal([]);
    const renamed = withCluster({ MetricName: 'beat', Metrics: { lag: {} } });
    expect(problemsOf(renamed)).to.deep.equal([]);
  });

  it('are other hosts that are incomplete, none or several', () => {
    const hosts = (Hosts: object, cluster: object = SOURCE) =>
      problemsOfMetric({ ...X, Hosts }, 'x', cluster);
    const pool = { HAProxySettings: { PoolName: 'rw' } };
    expect(hosts(pool, HAPROXY)).to.deep.equal([]);
    expect(hosts(pool)).to.deep.equal([
      `${at('.Hosts.HAProxySettings')}: incomplete for the cluster "c"; set PoolName, and Host ` +
        'with Port or else Addresses, here or in the cluster',
    ]);
    expect(hosts({})).to.deep.equal([`${at('.Hosts')}: must name one source of hosts, got 0`]);
    expect(hosts({ ...pool, ...SOURCE }, HAPROXY)).to.deep.equal([
      `${at('.Hosts')}: must name one source of hosts, got 2`,
    ]);
  });

  it('are found once where clusters inherit them, at their place', () => {
    const Clusters = { a: SOURCE, b: SOURCE };
    const MySQL = { Metrics: { x: {} }, Clusters };
    expect(problemsOf({ RaftDataDir: '/d', Stores: { MySQL } })).to.deep.equal([
      'Stores.MySQL.Metrics.x: needs a Query: it is none of the known metrics',
    ]);
  });

  it('are too many, of one cluster and of all', () => {
    const many = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`m${index}`, X]));
    expect(problemsOf(withCluster({ Metrics: many(15) }))).to.deep.equal([]);
    expect(problemsOf(withCluster({ Metrics: many(16) }))).to.deep.equal([
      `${CLUSTER}.Metrics: a cluster must have at most 16 metrics with its own, got 17`,
    ]);
    const Clusters = Object.fromEntries(
      Array.from({ length: 2_049 }, (_, index) => [`c${index}`, {}]),
    );
    const MySQL = { Metrics: { x: X }, Clusters };
    expect(problemsOf({ RaftDataDir: '/d', Stores: { MySQL } })).to.deep.equal([
      'Stores.MySQL.Metrics: all clusters together must have at most 4096 metrics, got 4098',
    ]);
  });

  it('are keys that belong elsewhere', () => {
    expect(problemsOfMetric({ ...X, ThrottleThreshold: 1 })[0]).to.include('Threshold');
    expect(problemsOfMetric({ ...X, PoolName: 'p' })[0]).to.match(
      /move it to Stores\.MySQL\.Metrics\.<name>\.Hosts\.HAProxySettings/,
    );
    expect(problemsOf(withCluster({ Threshold: 1 }))[0]).to.match(/move it to .*Metrics\.<name>/);
  });
});

describe('advice on metrics', () => {
  const GOOD = { ThrottleThreshold: 1, ...SOURCE };
  const adviceOn = (cluster: object, mysql: object = {}, top: object = {}) =>
    advice(configOf({ ...withCluster({ ...GOOD, ...cluster }, mysql), ...top }));

  it('gives a threshold to start from where none is set', () => {
    const zero = 'not set, so checks pass only while the metric is 0 or less';
    expect(adviceOn({ Metrics: { threads_running: {} } })).to.deep.equal([
      `${CLUSTER}.Metrics.threads_running.Threshold: ${zero}; 25 is one to start from`,
    ]);
    expect(adviceOn({}, { Metrics: { x: { Query: 'select 1' } } })).to.deep.equal([
      `Stores.MySQL.Metrics.x.Threshold: ${zero}`,
    ]);
    expect(adviceOn({ Metrics: { threads_running: { Threshold: 0 } } })).to.deep.equal([]);
  });

  it('finds a metric that is taken out and was never there', () => {
    const Metrics = { threads_runing: { Enabled: false } };
    const common = { Metrics: { threads_running: { Threshold: 1 } } };
    expect(adviceOn({ Metrics }, common)).to.deep.equal([
      `${CLUSTER}.Metrics.threads_runing: takes out nothing: Stores.MySQL has no such metric; ` +
        'did you mean threads_running?',
    ]);
  });

  it('finds rules of apps for metrics that no store has', () => {
    const Apps = { etl: { Metrics: ['lagg', 'lag'], Thresholds: { threads: 1 } } };
    expect(adviceOn({}, {}, { Apps })).to.deep.equal([
      'Apps.etl.Metrics: no store has a metric lagg; did you mean lag?',
      'Apps.etl.Thresholds.threads: no store has a metric threads',
    ]);
  });

  it('leaves the $ of a query of Prometheus alone', () => {
    const Prometheus = { URL: 'http://p', Query: '$up' };
    expect(adviceOn({ Metrics: { x: { Threshold: 1, Prometheus } } })).to.deep.equal([]);
  });
});

describe('the secrets of metrics', () => {
  const Prometheus = (password: string) => ({ URL: `http://freno:${password}@p`, Query: 'up' });
  const config = (password: string, Threshold = 1) =>
    configOf(
      withCluster({
        Metrics: {
          x: { ...X, Password: password, Threshold },
          y: { Threshold: 1, Prometheus: Prometheus(password) },
        },
      }),
    );

  it('are not shown among the changes of a reload', () => {
    expect(changes(config('one'), config('two', 3)).map(({ line }) => line)).to.deep.equal([
      `${CLUSTER}.Metrics.x.Threshold: 1 -> 3`,
      `${CLUSTER}.Metrics.x.Password: (changed)`,
      `${CLUSTER}.Metrics.y.Prometheus.URL: "http://(hidden)@p" -> "http://(hidden)@p"`,
    ]);
  });

  it('do not count in the hash of the configuration; all else does', () => {
    expect(configHash(config('one'))).to.equal(configHash(config('two')));
    expect(configHash(config('one'))).to.not.equal(configHash(config('one', 2)));
  });
});

describe('the known metrics', () => {
  for (const [name, { source, threshold }] of KNOWN_METRICS) {
    it(`measure ${name} by statements that probes run`, () => {
      const statements = [source.query, source.mariaDbQuery ?? source.query];
      for (const statement of statements) {
        expect(metricQueryKind(statement)).to.equal(name === 'lag' ? 'lag' : kindOf(statement));
      }
      expect(threshold).to.be.above(0);
    });
  }

  function kindOf(statement: string): string {
    return statement.startsWith('SHOW GLOBAL ') ? 'show' : 'value';
  }
});
