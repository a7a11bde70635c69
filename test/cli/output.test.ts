/** The pure parts of the client's output: numbers, tables, plots, text of others. */
import { expect } from 'chai';
import { plotLines } from '../../src/cli/output/plot.js';
import { printable } from '../../src/cli/output/printable.js';
import {
  durationMs,
  localTime,
  shortDuration,
  shortNumber,
  signedDuration,
  wholeMinutes,
} from '../../src/cli/output/quantities.js';
import { sparkline } from '../../src/cli/output/sparkline.js';
import { tableLines } from '../../src/cli/output/table.js';
import { serverList } from '../../src/cli/servers/server-list.js';
import { storeOf, targetOf } from '../../src/cli/target.js';
import { AppRates } from '../../src/cli/views/app-rates.js';
import { SeriesSet } from '../../src/cli/views/series.js';

const unpainted = (_tone: string, text: string): string => text;
const marked = (tone: string, text: string): string => (tone === 'bad' ? `<${text}>` : text);

describe('durations', () => {
  const typed: ReadonlyArray<readonly [text: string, unit: 's' | 'm', ms: number]> = [
    ['90', 's', 90_000],
    ['90', 'm', 5_400_000],
    ['250ms', 's', 250],
    ['1.5h', 's', 5_400_000],
    ['2d', 'm', 172_800_000],
    ['0', 's', 0],
  ];
  for (const [text, unit, ms] of typed) {
    it(`are read: ${text} is ${ms} ms where a number is in ${unit}`, () => {
      expect(durationMs('--ttl', text, unit)).to.equal(ms);
    });
  }

  it('are refused when they are malformed, by the name of the option', () => {
    for (const text of ['', 'soon', '-1', '1w', '1 h', 'Infinity']) {
      expect(() => durationMs('--ttl', text, 's'), text).to.throw(/^--ttl: must be a duration/);
    }
  });

  it('count as whole minutes, a part of one too, and say so', () => {
    const notes: string[] = [];
    const output = { note: (text: string) => void notes.push(text) };
    const minutesOf = (text: string): number => wholeMinutes(output, '--ttl', text);
    expect(['30', '2h', '1.1h', '120s'].map(minutesOf)).to.deep.equal([30, 120, 66, 2]);
    expect(notes).to.deep.equal([]);
    expect(['90s', '0.5'].map(minutesOf)).to.deep.equal([2, 1]);
    expect(notes).to.deep.equal([
      '--ttl 90s: rounded up to 2 minutes, as freno counts whole ones',
      '--ttl 0.5: rounded up to 1 minute, as freno counts whole ones',
    ]);
  });

  it('are written in the largest unit that says enough', () => {
    const written = [0, 820, 9_960, 75_000, 600_000, 10_800_000, 360_000_000].map(shortDuration);
    expect(written).to.deep.equal(['0 s', '0.8 s', '10 s', '75 s', '10 min', '3 h', '4 d']);
    expect([-1_200, 3, 61_000].map(signedDuration)).to.deep.equal(['-1.2 s', '0 s', '+61 s']);
  });
});

describe('numbers and times', () => {
  it('have as many digits as a reader compares', () => {
    const values = [0, 0.25, 1.23456, 1234.5, 123456789, 1e12, 0.00001234, Number.NaN];
    const written = ['0', '0.25', '1.235', '1235', '123456789', '1.00e+12', '1.23e-5', '-'];
    expect(values.map(shortNumber)).to.deep.equal(written);
  });

  it('have the date when it is not today', () => {
    const at = new Date(2026, 10, 27, 9, 5, 7);
    expect(localTime(at.getTime(), at)).to.equal('09:05:07');
    expect(localTime(at.getTime(), new Date(2026, 10, 28))).to.equal('2026-11-27 09:05:07');
    expect(localTime('never')).to.equal('never');
  });
});

describe('text of others', () => {
  it('is shown without what would act on a terminal', () => {
    expect(printable('a\x1b[2Jb\x07\u202ec\r\n\x9b1m')).to.equal(
      'a\\x1b[2Jb\\x07\\u202ec\\x0d\\x0a\\x9b1m',
    );
    expect(printable('größe 大小 🚀')).to.equal('größe 大小 🚀');
  });
});

describe('a table', () => {
  it('is aligned, whatever colours its cells have, without blanks at the ends of its lines', () => {
    const columns = [{ title: 'A' }, { title: 'N', right: true }, { title: 'B' }];
    const rows = [
      ['\x1b[32mlong\x1b[39m', '1', ''],
      ['x', '1000', 'y'],
    ];
    expect(tableLines(columns, rows)).to.deep.equal([
      'A        N  B',
      '\x1b[32mlong\x1b[39m     1',
      'x     1000  y',
    ]);
  });
});

describe('a sparkline', () => {
  it('has the latest value at its right, gaps, and marks what is above the threshold', () => {
    const values = [0, 0.75, null, 1.5, 3];
    expect(sparkline(values, 6, { threshold: 2 }, marked)).to.equal(' ▁▃ ▅<█>');
    expect(sparkline(values, 2, { threshold: null }, marked)).to.equal('▅█');
    expect(sparkline([], 3, { threshold: 1 }, marked)).to.equal('   ');
  });

  it('is low for values far below the threshold', () => {
    expect(sparkline([0.1, 0.2], 2, { threshold: 1 }, unpainted)).to.equal('▁▂');
  });
});

describe('a plot', () => {
  it('has bars, the threshold, its scale and its time', () => {
    const options = { columns: 20, rows: 4, threshold: 1, since: '6 s ago' };
    const lines = plotLines([0, 0.5, null, 1, 2], options, unpainted);
    expect(lines.map((line) => line.trimEnd())).to.deep.equal([
      '       2 ┤         █',
      '         ┤         █',
      '       1 ┤╌╌╌╌╌╌╌╌██',
      '       0 ┤     ▁█ ██',
      '         └──────────',
      '          6 s ago now',
    ]);
  });
});

describe('the words of a command line', () => {
  it('name app and store, with or without the type of the store', () => {
    const main = { type: 'mysql', name: 'main' };
    expect(targetOf(['a', 'main'], undefined)).to.deep.equal({ app: 'a', store: main });
    expect(targetOf(['mysql/main'], 'a')).to.deep.equal({ app: 'a', store: main });
    expect(storeOf('other/x')).to.deep.equal({ type: 'other', name: 'x' });
  });

  it('name servers, with or without a scheme, and not their passwords', () => {
    expect(serverList(' freno:8087 , https://u:p%C3%A4ss@example.com/freno/,')).to.deep.equal({
      urls: ['http://freno:8087', 'https://example.com/freno'],
      headers: { Authorization: `Basic ${Buffer.from('u:päss').toString('base64')}` },
    });
    for (const text of [
      'http://u:a@x,http://u:b@y',
      '',
      ',',
      'http://',
      'a b',
      'http://x/?y=1',
      'file:///etc',
    ]) {
      expect(() => serverList(text), text).to.throw(/^--server/);
    }
  });
});

describe('series of values', () => {
  it('keep gaps, begin with one where a metric is new, and forget those that are gone', () => {
    const series = new SeriesSet();
    series.push(new Map([['a', 1]]));
    series.push(new Map());
    series.push(
      new Map([
        ['a', 2],
        ['b', 3],
      ]),
    );
    expect(series.of('a')).to.deep.equal([1, null, 2]);
    expect(series.of('b')).to.deep.equal([null, null, 3]);
    for (let look = 0; look < 900; look++) series.push(new Map());
    expect(series.of('a')).to.deep.equal([]);
  });
});

describe('the rates of apps', () => {
  it('come from what was counted between two looks', () => {
    const rates = new AppRates();
    const first = { 'check.any.total': 9, 'check.a.total': 5, 'check.a.mysql.main.total': 5 };
    expect(rates.look(first, 1_000)).to.deep.equal([]);
    const second = {
      'check.a.total': 15,
      'check.a.error': 5,
      'check.a.mysql.main.total': 15,
      'check.my.app.total': 40,
    };
    expect(rates.look(second, 3_000)).to.deep.equal([
      { app: 'my.app', checksPerSecond: 20, waitingShare: 0 },
      { app: 'a', checksPerSecond: 5, waitingShare: 0.5 },
    ]);
    // Another node leads, which has counted less.
    expect(rates.look({ 'check.a.total': 3 }, 4_000)).to.deep.equal([]);
  });
});
