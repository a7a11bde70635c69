/** Metrics of a cluster that are refused, and those that are warned about. */
import { expect } from 'chai';
import { advice } from '../../src/config/advice.js';
import { configOf, problemsOf, withCluster } from './documents.js';

const CLUSTER = 'Stores.MySQL.Clusters.c';
const SOURCE = { StaticHostsSettings: { Hosts: ['db1'] } };
const HAPROXY = { HAProxySettings: { Host: 'lb', Port: 1936, PoolName: 'replicas' } };
const X = { Query: 'select 1', Threshold: 1 };

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
