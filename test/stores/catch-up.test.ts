/** Hosts that join far behind. */
import { expect } from 'chai';
import { CatchUp } from '../../src/stores/prober/catch-up.js';

const SETTINGS = { aboveSeconds: 600, maxMinutes: 1 };
const THRESHOLD = 1;

describe('a host that joins', () => {
  const isCatchingUp = (
    catchUp: CatchUp,
    value: number,
    nowMs: number,
    settings = SETTINGS,
  ): boolean => catchUp.afterValue(0, value, settings, THRESHOLD, nowMs);

  it('catches up from far behind until it is first healthy', () => {
    const catchUp = new CatchUp(1);
    expect(isCatchingUp(catchUp, 9_000, 0)).to.equal(true);
    expect(isCatchingUp(catchUp, 500, 10_000)).to.equal(true);
    expect(isCatchingUp(catchUp, THRESHOLD, 20_000)).to.equal(false);
    expect(isCatchingUp(catchUp, 9_000, 21_000)).to.equal(false);
  });

  it('catches up for its time at most, errors included', () => {
    const catchUp = new CatchUp(1);
    expect(isCatchingUp(catchUp, 9_000, 0)).to.equal(true);
    expect(catchUp.afterError(0, SETTINGS, 59_999)).to.equal(true);
    expect(catchUp.afterError(0, SETTINGS, 60_000)).to.equal(false);
    expect(isCatchingUp(catchUp, 9_000, 60_001)).to.equal(false);
  });

  it('does not catch up when it is near, or without the setting', () => {
    expect(isCatchingUp(new CatchUp(1), 600, 0)).to.equal(false);
    expect(new CatchUp(1).afterValue(0, 9_000, null, THRESHOLD, 0)).to.equal(false);
    const near = new CatchUp(1);
    isCatchingUp(near, 5, 0);
    expect(isCatchingUp(near, 9_000, 50)).to.equal(false);
  });

  it('keeps its state in another list', () => {
    const before = new CatchUp(1);
    isCatchingUp(before, 9_000, 0);
    const after = new CatchUp(2);
    after.copyHost(1, before, 0);
    expect(after.afterValue(1, 800, SETTINGS, THRESHOLD, 1_000)).to.equal(true);
  });
});
