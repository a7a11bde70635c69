/** Bounds on log lines that clients or servers can cause. */
import { expect } from 'chai';
import { LogBudget } from '../../src/base/log-budget.js';
import { RecentNames } from '../../src/base/recent-names.js';

describe('the budget of log lines', () => {
  it('allows so many lines in a period, and counts the others', () => {
    const budget = new LogBudget(2, 1_000);
    expect([0, 1, 2, 999].map((nowMs) => budget.take(nowMs))).to.deep.equal([
      true,
      true,
      false,
      false,
    ]);
    expect(budget.take(1_000)).to.equal(true);
    expect(budget.fields()).to.deep.equal({ notLogged: 2 });
    expect(budget.fields()).to.deep.equal({});
  });

  it('starts a period with the first line of it', () => {
    const budget = new LogBudget(1, 1_000);
    expect([5_000, 5_999, 6_000, 6_999].map((nowMs) => budget.take(nowMs))).to.deep.equal([
      true,
      false,
      true,
      false,
    ]);
  });
});

describe('recent names', () => {
  it('are new once in a period', () => {
    const names = new RecentNames(10, 1_000);
    expect(names.meet('a', 0)).to.equal('new');
    expect(names.meet('a', 999)).to.equal('known');
    expect(names.meet('a', 1_000)).to.equal('new');
    expect(names.meet('a', 1_999)).to.equal('known');
  });

  it('are bounded until the oldest are forgotten', () => {
    const names = new RecentNames(2, 1_000);
    expect(names.meet('a', 0)).to.equal('new');
    expect(names.meet('b', 500)).to.equal('new');
    expect(names.meet('c', 600)).to.equal('full');
    expect(names.meet('c', 1_000)).to.equal('new');
    expect(names.meet('b', 1_001)).to.equal('known');
    expect(names.meet('a', 1_001)).to.equal('full');
  });
});
