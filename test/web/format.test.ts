/** Numbers and times on the page: three digits at most, with their unit. */
import { expect } from 'chai';
import {
  comparedValues,
  counted,
  metricValue,
  percent,
  shortNumber,
  shortSeconds,
  wholeDuration,
} from '../../src/web/format.js';

describe('numbers on the page', () => {
  it('have three digits at most', () => {
    const shown = [0, 0.04, 0.123456, 8.2, 999, 999.6, 12_345, 999_499, 1_500_000].map((each) =>
      shortNumber(each),
    );
    expect(shown).to.deep.equal([
      '0',
      '0.04',
      '0.123',
      '8.2',
      '999',
      '1 k',
      '12.3 k',
      '999 k',
      '1.5 M',
    ]);
  });

  it('are times in the unit that fits', () => {
    const seconds = [0, 0.0001, 0.0412, 0.123456, 0.9999, 8.2, 119, 120, 7_199, 7_200, 172_800];
    expect([...seconds, 1e9].map((each) => shortSeconds(each))).to.deep.equal([
      '0 s',
      '0.1 ms',
      '41 ms',
      '123 ms',
      '1 s',
      '8.2 s',
      '119 s',
      '2 min',
      '120 min',
      '2 h',
      '2 d',
      '31.7 years',
    ]);
  });

  it('have as many digits as tell which of two is higher', () => {
    expect(comparedValues('lag', 8.2, 1)).to.deep.equal(['8.2 s', '1 s']);
    expect(comparedValues('lag', 2.9996, 3)).to.deep.equal(['2.9996 s', '3 s']);
    expect(comparedValues('lag', 3, 3)).to.deep.equal(['3 s', '3 s']);
    expect(comparedValues('lag', 0.173, 0.0001)).to.deep.equal(['173 ms', '0.1 ms']);
    expect(comparedValues('threads', 1_001.5, 1_001)).to.deep.equal(['1.002 k', '1.001 k']);
  });

  it('are ages in whole units', () => {
    expect([-1, 0.4, 40, 720, 7_300, 200_000].map(wholeDuration)).to.deep.equal([
      '0 s',
      '0 s',
      '40 s',
      '12 min',
      '2 h',
      '2 d',
    ]);
  });

  it('are shares that are none or all only when they are', () => {
    expect([0, 0.001, 0.97, 0.999, 1].map(percent)).to.deep.equal([
      '0 %',
      '1 %',
      '97 %',
      '99 %',
      '100 %',
    ]);
  });

  it('have the unit of lag, and none where it is not known', () => {
    expect(metricValue('lag', 8.2)).to.equal('8.2 s');
    expect(metricValue('threads_running', 8.2)).to.equal('8.2');
    expect([counted(1, 'store'), counted(1_200, 'store')]).to.deep.equal([
      '1 store',
      '1,200 stores',
    ]);
  });
});
