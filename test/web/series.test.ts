/** The series behind the plots: one point a second, gaps where nothing is known. */
import { expect } from 'chai';
import { hostsWorstFirst } from '../../src/web/host-order.js';
import { plotMarks } from '../../src/web/plot-marks.js';
import { expandRuns, MetricSeries, SERIES_SECONDS, spanOf } from '../../src/web/series.js';

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

describe('the time axis of the plots', () => {
  it('is as long as what is known, and at least two minutes', () => {
    const series = new MetricSeries();
    expect(spanOf([series])).to.equal(120);
    const lengths: number[] = [];
    for (let second = 1; second <= 1_000; second++) {
      series.add(second, 1, 1);
      if ([60, 121, 200, 400, 500, 1_000].includes(second)) lengths.push(spanOf([series]));
    }
    expect(lengths).to.deep.equal([120, 180, 300, 480, 900, 900]);
    expect(spanOf([new MetricSeries(), series])).to.equal(900);
  });
});

describe('the marks of the plots', () => {
  const at = (second: number, Kind: string) => {
    return { At: new Date(second * 1_000).toISOString(), Kind, Text: '' };
  };

  it('are the newest dozen of what was done, merged where they are close', () => {
    const done = Array.from({ length: 20 }, (_, index) => at(1_000 + index * 40, 'command'));
    const twice = done.flatMap((event) => [event, event]);
    const marks = plotMarks(twice, 1_000, 900);
    expect(marks).to.have.length(12);
    expect(marks.at(-1)!.second).to.equal(1_760);
  });

  it('leave out crossings where there are many', () => {
    const few = Array.from({ length: 12 }, (_, index) => at(1_000 + index * 60, 'threshold'));
    expect(plotMarks(few, 1_000, 900)).to.have.length(12);
    const many = Array.from({ length: 300 }, (_, index) => at(1_000 + index * 3, 'threshold'));
    const marks = plotMarks([...many, at(1_890, 'leader')], 1_000, 900);
    expect(marks).to.deep.equal([{ second: 1_890, kind: 'leader' }]);
  });

  it('are one where a crossing is close to what was done', () => {
    const events = [at(1_000, 'threshold'), at(1_005, 'leader'), at(1_100, 'threshold')];
    expect(plotMarks(events, 1_000, 900)).to.deep.equal([
      { second: 1_100, kind: 'threshold' },
      { second: 1_005, kind: 'leader' },
    ]);
  });

  it('are on the axis', () => {
    expect(plotMarks([at(999, 'command'), at(1_000, 'command')], 1_000, 900)).to.have.length(1);
  });
});
