/** The rate of a counter between two readings. */
import { expect } from 'chai';
import { CounterRate } from '../../src/stores/prober/mysql/counter-rate.js';

describe('the rate of a counter', () => {
  it('is the growth per second, from the second reading on', () => {
    const rate = new CounterRate();
    expect(rate.next(100, 1_000)).to.equal(null);
    expect(rate.next(150, 1_500)).to.equal(100);
    expect(rate.next(150, 2_000)).to.equal(0);
  });

  it('is none where the counter was reset, or read twice at one time', () => {
    const rate = new CounterRate();
    rate.next(100, 1_000);
    expect(rate.next(10, 2_000)).to.equal(null);
    expect(rate.next(20, 2_000)).to.equal(null);
    expect(rate.next(30, 3_000)).to.equal(10);
  });

  it('compares the first reading of a connection with none', () => {
    const rate = new CounterRate();
    rate.next(100, 1_000);
    rate.restart();
    expect(rate.next(900, 2_000)).to.equal(null);
    expect(rate.next(910, 3_000)).to.equal(10);
  });
});
