/** The series behind the plots: one point a second, gaps where nothing is known. */
import { expect } from 'chai';
import { hostsWorstFirst } from '../../src/web/host-order.js';
import { expandRuns, MetricSeries, SERIES_SECONDS } from '../../src/web/series.js';

describe('a series of the page', () => {
  it('keeps one point a second, and leaves gaps', () => {
    const series = new MetricSeries();
    series.add(1_000, 1, 5);
    series.add(1_001, 2, 5);
    series.add(1_004, 3, 6);
    expect(series.values).to.have.length(SERIES_SECONDS);
    expect(series.values.slice(-5)).to.deep.equal([1, 2, null, null, 3]);
    expect(series.thresholds.slice(-5)).to.deep.equal([5, 5, null, null, 6]);
    expect(series.lastSecond).to.equal(1_004);
  });

  it('replaces a point of the past, and forgets what is too old', () => {
    const series = new MetricSeries();
    series.add(1_000, 1, 5);
    series.add(1_002, 3, 5);
    series.add(1_001, 2, 5);
    expect(series.values.slice(-3)).to.deep.equal([1, 2, 3]);
    series.add(1_004, 4, 5);
    expect(series.values.slice(-3)).to.deep.equal([3, 4, 4]);
    series.add(1_000 + SERIES_SECONDS, 5, 5);
    expect(series.values.slice(0, 2)).to.deep.equal([2, 3]);
    series.add(1_000, 9, 5);
    expect(series.values.slice(0, 2)).to.deep.equal([2, 3]);
    series.add(1_000_000, 6, 5);
    expect(series.values.filter((value) => value !== null)).to.deep.equal([6]);
  });

  it('takes what the node kept, but no gap of it', () => {
    const series = new MetricSeries();
    series.add(1_002, 30, 5);
    const history = { Metric: 'lag', Values: [1, null, null, 4], Thresholds: [[0, 7]] as const };
    series.merge({ fromSecond: 1_000, points: 4 }, history);
    expect(series.values.slice(-4)).to.deep.equal([1, null, 30, 4]);
    expect(series.thresholds.slice(-4)).to.deep.equal([7, null, 5, 7]);
  });

  it('expands runs until the next one', () => {
    const runs = [
      [1, 'a'],
      [3, 'b'],
    ] as const;
    expect(expandRuns(runs, 5)).to.deep.equal([null, 'a', 'a', 'b', 'b']);
  });
});

describe('the hosts of a store', () => {
  it('come from bad to good', () => {
    const probed = (Host: string, given: object) => ({
      Host,
      Metrics: [{ Metric: 'lag', Standing: 'counts', ...given }],
    });
    const hosts = [
      probed('good', { Value: 0.1 }),
      { Host: 'skipped', Standing: 'skipped' },
      probed('left out', { Value: 90, Standing: 'left out by its HTTP check' }),
      probed('broken', { Error: 'access denied' }),
      probed('worse', { Value: 3 }),
      probed('worst', { Value: 8, Decides: true }),
    ];
    expect(hostsWorstFirst(hosts).map(({ Host }) => Host)).to.deep.equal([
      'worst',
      'broken',
      'worse',
      'good',
      'left out',
      'skipped',
    ]);
  });
});
