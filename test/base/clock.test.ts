/** The clocks. */
import { expect } from 'chai';
import { monotonicMs, WallClock } from '../../src/base/clock.js';

describe('WallClock', () => {
  const realNow = Date.now;
  let shownMs: number;

  beforeEach(() => {
    Date.now = () => shownMs;
  });

  afterEach(() => {
    Date.now = realNow;
  });

  it('advances with the monotonic clock, in whole milliseconds', () => {
    const clock = new WallClock();
    shownMs = 1_000_000;
    expect(clock.unixMs(500.25)).to.equal(1_000_000);
    expect(clock.unixMs(500.25 + 42.1)).to.equal(1_000_042);
  });

  it('follows a change of the wall clock within a tenth of a second', () => {
    const clock = new WallClock();
    shownMs = 1_000_000;
    clock.unixMs(500);
    shownMs = 5_000_000;
    expect(clock.unixMs(599)).to.equal(1_000_099);
    expect(clock.unixMs(600)).to.equal(5_000_000);
    expect(clock.unixMs(601)).to.equal(5_000_001);
  });

  it('has the time of the system', () => {
    Date.now = realNow;
    const before = Date.now();
    expect(new WallClock().unixMs(monotonicMs())).to.be.within(before, Date.now());
  });
});
