/** `/metrics`: the series, their bounds and the text format. */
import { expect } from 'chai';
import { Durations } from '../../src/base/durations.js';
import { PIECE_LENGTH } from '../../src/base/text-pieces.js';
import { type CheckCount, OTHER } from '../../src/contracts/http.js';
import { checkFamilies, PAIRS_MAX } from '../../src/publish/main/metrics/checks.js';
import { probeFamilies } from '../../src/publish/main/metrics/probes.js';
import {
  type Family,
  gauge,
  histogram,
  prometheusText,
} from '../../src/publish/main/metrics/prometheus-text.js';
import { hostFamilies } from '../../src/publish/main/metrics/stores.js';
import { storeLocation } from '../support/cluster-settings.js';
import { Exposition } from '../support/exposition.js';
import { checkCount, httpStatistics, probeStatistics } from '../support/statistics.js';

const STORES = [storeLocation('s1', 0), storeLocation('s2', 1)];

async function textOf(families: readonly Family[]): Promise<string> {
  return (await prometheusText(families)).join('');
}

async function checksOf(...workers: CheckCount[][]): Promise<Exposition> {
  const statistics = workers.map((checks, worker) => httpStatistics({ worker, checks }));
  return new Exposition(await textOf(await checkFamilies(statistics, STORES)));
}

describe('the text format of metrics', () => {
  it('escapes the values of labels so that they read back the same', async () => {
    const names = ['a"b', 'a\\b', 'a\nb', 'a\\nb', '{a="b"} 1', 'ä€😀', ''];
    const family = gauge('freno_test', 'Backslash \\ and\nnew line.');
    for (const [value, name] of names.entries()) family.add({ name }, value);
    const parsed = new Exposition(await textOf([family]));
    expect(parsed.families.get('freno_test')?.help).to.equal('Backslash \\ and\nnew line.');
    expect(parsed.all('freno_test').map(({ labels, value }) => [labels.name, value])).to.deep.equal(
      names.map((name, value) => [name, value]),
    );
  });

  it('writes cumulative buckets of a histogram', async () => {
    const durations = new Durations([0.001, 0.01]);
    for (const milliseconds of [0.5, 1, 5, 500]) durations.record(milliseconds);
    const parsed = new Exposition(
      await textOf([histogram('freno_test', 'Test.').addHistogram({}, durations.counted)]),
    );
    const buckets = parsed.all('freno_test_bucket').map(({ labels, value }) => [labels.le, value]);
    expect(buckets).to.deep.equal([
      ['0.001', 2],
      ['0.01', 3],
      ['+Inf', 4],
    ]);
    expect(parsed.value('freno_test_sum')).to.be.closeTo(0.5065, 1e-9);
  });

  it('names a metric of many series once', async () => {
    const family = gauge('freno_test', 'Test.');
    for (let value = 0; value < 1_000; value++) family.add({ value }, value);
    const parsed = new Exposition(await textOf([family, gauge('b', 'B.').add({}, 1)]));
    const values = parsed.all('freno_test').map(({ value }) => value);
    expect(values).to.deep.equal(Array.from({ length: 1_000 }, (_, value) => value));
    expect(parsed.value('b')).to.equal(1);
  });

  it('writes a long text in pieces', async () => {
    const family = gauge('freno_test', 'Test.');
    for (let value = 0; value < 20_000; value++) family.add({ value }, value);
    const pieces = await prometheusText([family]);
    const lengths = pieces.map(({ length }) => length);
    expect(pieces).to.have.length.above(5);
    expect(Math.max(...lengths)).to.be.below(2 * PIECE_LENGTH);
    expect(new Exposition(pieces.join('')).all('freno_test')).to.have.length(20_000);
  });

  it('leaves out a metric without series', async () => {
    expect(await textOf([gauge('freno_test', 'Test.')])).to.equal('');
  });

  it('refuses malformed text in the parser of these tests', () => {
    const bad = [
      'a 1\n',
      '# HELP a b\n# TYPE a gauge\na 1',
      '# HELP a b\n# TYPE a gauge\na 1\na 2\n',
      '# HELP a b\n# TYPE a gauge\na{b="\\x"} 1\n',
      '# HELP a b\n# TYPE a gauge\na{b="1" c="2"} 1\n',
      '# HELP a b\n# TYPE a gauge\na{b="1",b="2"} 1\n',
      '# HELP a b\n# TYPE a gauge\nc 1\n',
      '# HELP a b\n# TYPE a gauges\na 1\n',
      '# HELP a b\n# TYPE a gauge\na one\n',
      '# HELP a b\n# TYPE a histogram\na_bucket{le="+Inf"} 1\na_sum 1\na_count 2\n',
      '# HELP a b\n# TYPE a histogram\na_bucket{le="1"} 1\na_sum 1\na_count 1\n',
    ];
    for (const text of bad) expect(() => new Exposition(text), text).to.throw();
  });
});

describe('the metrics of checks', () => {
  it('counts checks by app, store, status and thread', async () => {
    const parsed = await checksOf(
      [
        checkCount('a', 's1', { ok: 3, exceeded: 2 }),
        checkCount('b', 's1', { denied: 1, rank: 1 }),
      ],
      [checkCount('a', 's1', { ok: 4, notFound: 5, internalError: 6 })],
    );
    const labels = { app: 'a', store: 's1' };
    const value = (status: string, thread: string): number | undefined =>
      parsed.value('freno_checks_total', { ...labels, status, thread });
    expect(value('200', 'http-0')).to.equal(3);
    expect(value('429', 'http-0')).to.equal(2);
    expect(value('404', 'http-0')).to.equal(undefined);
    expect(value('200', 'http-1')).to.equal(4);
    expect(value('404', 'http-1')).to.equal(5);
    expect(value('500', 'http-1')).to.equal(6);
    expect(parsed.value('freno_checks_total', { app: 'b', status: '417' })).to.equal(1);
  });

  it('bounds the series for 100,000 apps and loses no check', async () => {
    const apps = Array.from({ length: 100_000 }, (_, rank) =>
      checkCount(`app${rank}`, rank % 3 === 0 ? 'nosuch' : 's1', { ok: 1, rank }),
    );
    const parsed = await checksOf(apps);
    const series = parsed.all('freno_checks_total');
    expect(series).to.have.length(PAIRS_MAX + 2);
    expect(series.reduce((sum, { value }) => sum + value, 0)).to.equal(100_000);
    const others = series.filter(({ labels }) => labels.app === OTHER);
    expect(others.map(({ labels }) => labels.store).sort()).to.deep.equal([OTHER, 's1']);
  });

  it('has one series for all that is counted under no name', async () => {
    const parsed = await checksOf([
      checkCount(OTHER, 's1', { ok: 1, rank: 0 }),
      checkCount('late', 's1', { ok: 2, rank: PAIRS_MAX }),
    ]);
    expect(parsed.value('freno_checks_total', { app: OTHER, store: 's1' })).to.equal(3);
  });

  it('has series for the first pairs of app and store, in any order of the list', async () => {
    const early = checkCount('early', 's2', { ok: 1, rank: 0 });
    const late = checkCount('late', 's1', { ok: 1_000, rank: PAIRS_MAX });
    const parsed = await checksOf([late, early]);
    expect(parsed.value('freno_checks_total', { app: 'early' })).to.equal(1);
    expect(parsed.value('freno_checks_total', { app: OTHER })).to.equal(1_000);
  });
});

describe('the metrics of probes', () => {
  it('sums what two threads have counted for a store that moves', async () => {
    const hosts = { failingHosts: 1, leftOutHosts: 0, catchingUpHosts: 0, negativeHosts: 0 };
    const counts = { total: 10, error: 1, seconds: 0.5 };
    const metrics = [{ metric: 'lag', isOwn: true, ...counts, ...hosts }];
    const statistics = [0, 1].map((worker) =>
      probeStatistics({ worker, stores: [{ store: 's1', ...counts, metrics }] }),
    );
    const families = [
      ...(await probeFamilies(statistics, 0)),
      ...(await hostFamilies({ reportOf: () => undefined }, STORES, statistics)),
    ];
    const parsed = new Exposition(await textOf(families));
    expect(parsed.value('freno_probes_total', { store: 's1' })).to.equal(20);
    expect(parsed.value('freno_store_hosts', { store: 's1', state: 'failing' })).to.equal(2);
  });

  it('counts probes by store, and HTTP checks and writes by thread', async () => {
    const store = {
      total: 10,
      error: 1,
      seconds: 0.5,
      metrics: [],
    };
    const statistics = [
      probeStatistics({ worker: 0, stores: [{ store: 'a', ...store }], missedPhases: 7 }),
      probeStatistics({
        worker: 1,
        stores: [{ store: 'b', ...store }],
        httpChecks: { 200: 3, 404: 1 },
        httpChecksFailed: 2,
        published: { written: 5, deleted: 0, failed: 0, dropped: 9 },
      }),
    ];
    const parsed = new Exposition(await textOf(await probeFamilies(statistics, 0)));
    for (const name of ['a', 'b']) {
      expect(parsed.value('freno_probes_total', { store: name })).to.equal(10);
      expect(parsed.value('freno_probe_errors_total', { store: name })).to.equal(1);
    }
    expect(parsed.value('freno_store_probe_duration_seconds_sum', { store: 'b' })).to.equal(0.5);
    expect(parsed.value('freno_probe_missed_phases_total', { thread: 'probe-0' })).to.equal(7);
    const checks = (result: string): number | undefined =>
      parsed.value('freno_host_http_checks_total', { result, thread: 'probe-1' });
    expect([checks('200'), checks('404'), checks('failed')]).to.deep.equal([3, 1, 2]);
    expect(
      parsed.value('freno_memcache_writes_total', { result: 'dropped', thread: 'probe-1' }),
    ).to.equal(9);
  });
});
