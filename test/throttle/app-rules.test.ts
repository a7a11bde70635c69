/** The rules of single apps, and the groups that their names form. */
import { expect } from 'chai';
import { type AppRule, AppRules, appAndPrefixes } from '../../src/throttle/app-rules.js';

/** Rules that tell which pattern they have. */
function rulesOf(patterns: readonly string[], separator = ''): AppRules {
  return new AppRules({
    separator,
    rules: patterns.map((pattern) => ({ pattern, metrics: [pattern] })),
  });
}

function patternFor(rules: AppRules, app: string): string | undefined {
  return rules.ruleFor(app)?.metrics?.[0];
}

describe('the rules of apps', () => {
  const fitting: ReadonlyArray<readonly [pattern: string, fits: string[], others: string[]]> = [
    ['etl', ['etl'], ['etl2', 'my-etl', 'ETL', '']],
    ['etl-*', ['etl-', 'etl-orders'], ['etl', 'my-etl-orders']],
    ['*-cron', ['-cron', 'daily-cron'], ['cron', 'daily-cron-2']],
    ['a*b*c', ['abc', 'a-b-c', 'abbc', 'abcbc'], ['ac', 'acb', 'abcd']],
    ['ab*ba', ['abba', 'ab-ba'], ['aba']],
    ['a*bc*c', ['abcc', 'abcxc'], ['abc']],
    ['*', ['', 'anything'], []],
    ['**', ['', 'anything'], []],
    ['a.c', ['a.c'], ['abc']],
  ];
  for (const [pattern, fits, others] of fitting) {
    it(`fit an app by the pattern ${pattern}`, () => {
      const rules = rulesOf([pattern]);
      for (const app of fits) expect(patternFor(rules, app), app).to.equal(pattern);
      for (const app of others) expect(patternFor(rules, app), app).to.equal(undefined);
    });
  }

  it('give an app the rule with the most characters beside the star, in any order', () => {
    const patterns = ['*', 'etl-*', 'etl-orders*', '*-daily', 'etl-orders'];
    for (const order of [patterns, [...patterns].reverse()]) {
      const rules = rulesOf(order);
      expect(patternFor(rules, 'etl-orders')).to.equal('etl-orders');
      expect(patternFor(rules, 'etl-orders-2')).to.equal('etl-orders*');
      expect(patternFor(rules, 'etl-x')).to.equal('etl-*');
      expect(patternFor(rules, 'etl-x-daily')).to.equal('*-daily');
      expect(patternFor(rules, 'other')).to.equal('*');
    }
    expect(patternFor(rulesOf(['b*', '*b', 'b']), 'b')).to.equal('b');
    expect(patternFor(rulesOf(['b*', '*b']), 'b')).to.equal(patternFor(rulesOf(['*b', 'b*']), 'b'));
  });

  it('are those of the most specific pattern alone', () => {
    const thresholds = new Map([['lag', 0.5]]);
    const rules = new AppRules({
      separator: '',
      rules: [
        { pattern: '*', priority: 'low' },
        { pattern: 'etl', thresholds },
      ],
    });
    const expected: AppRule & { pattern: string } = { pattern: 'etl', thresholds };
    expect(rules.ruleFor('etl')).to.deep.equal(expected);
    expect(rules.ruleFor('other')).to.include({ priority: 'low' });
  });

  it('fit the groups of an app, the narrowest by its pattern first', () => {
    const rules = rulesOf(['gh-ost', 'gh-ost:orders', '*:7'], ':');
    expect(patternFor(rules, 'gh-ost:orders:42')).to.equal('gh-ost:orders');
    expect(patternFor(rules, 'gh-ost:users:7')).to.equal('gh-ost');
    expect(patternFor(rules, 'other:7')).to.equal('*:7');
    expect(patternFor(rules, 'gh-ost2:orders')).to.equal(undefined);
    expect(patternFor(rulesOf(['gh-ost']), 'gh-ost:orders')).to.equal(undefined);
  });
});

describe('an app and its groups', () => {
  it('are named from the app to the widest group', () => {
    expect(appAndPrefixes('gh-ost:orders:42', ':')).to.deep.equal([
      'gh-ost:orders:42',
      'gh-ost:orders',
      'gh-ost',
    ]);
    expect(appAndPrefixes('gh-ost', ':')).to.deep.equal(['gh-ost']);
    expect(appAndPrefixes('a--b--c', '--')).to.deep.equal(['a--b--c', 'a--b', 'a']);
  });

  it('are the app alone without a separator', () => {
    expect(appAndPrefixes('gh-ost:orders', '')).to.deep.equal(['gh-ost:orders']);
  });

  it('have no group without a name', () => {
    expect(appAndPrefixes(':a:', ':')).to.deep.equal([':a:', ':a']);
    expect(appAndPrefixes('', ':')).to.deep.equal(['']);
  });

  it('are bounded: of very many groups the widest stay', () => {
    const names = appAndPrefixes(`a${':b'.repeat(1_000)}`, ':');
    expect(names).to.have.length(17);
    expect(names.at(-1)).to.equal('a');
    expect(names.at(-2)).to.equal('a:b');
    expect(names[0]).to.have.length(2_001);
  });
});
