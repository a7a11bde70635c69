/** The clocks. */
import { expect } from 'chai';
import { monotonicMs, WallClock } from '../../src/base/clock.js';

describe('the wall clock by way of the monotonic one', () => {
  const realNow = Date.now;
  let shownMs: number;

  beforeEach(() => {
    Date.now = () => shownMs;
  });

  afterEach(() => {
    Date.now = realNow;
  });

  it('goes on between comparisons, in whole milliseconds', () => {
    const clock = new WallClock();
    shownMs = 1_000_000;
    expect(clock.unixMs(500.25)).to.equal(1_000_000);
    expect(clock.unixMs(500.25 + 42.1)).to.equal(1_000_042);
  });

  it('follows the wall clock within a tenth of a second when that is set', () => {
    const clock = new WallClock();
    shownMs = 1_000_000;
    clock.unixMs(500);
    shownMs = 5_000_000;
    expect(clock.unixMs(599)).to.equal(1_000_099);
    expect(clock.unixMs(600)).to.equal(5_000_000);
    expect(clock.unixMs(601)).to.equal(5_000_001);
  });

  it('shows what the system shows', () => {
    Date.now = realNow;
    const before = Date.now();
    expect(new WallClock().unixMs(monotonicMs())).to.be.within(before, Date.now());
  });
});
