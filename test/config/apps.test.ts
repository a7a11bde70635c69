/** The rules of apps in the configuration. */
import { expect } from 'chai';
import { changes } from '../../src/config/changes.js';
import type { ConfigInput } from '../../src/config/schema.js';
import { serviceSettings } from '../../src/config/settings.js';
import { configOf, MINIMAL, problemsOf } from './documents.js';

const problems = (keys: object) => problemsOf({ ...MINIMAL, ...keys });

describe('the rules of apps in the configuration', () => {
  it('have the keys that are set', () => {
    const Apps: ConfigInput['Apps'] = {
      archiver: { Metrics: ['lag'], Thresholds: { lag: 0.5 }, Priority: 'low' },
      'etl-*': {},
    };
    const { appRules } = serviceSettings(configOf({ Apps, AppSeparator: ':' }), 2);
    expect(appRules).to.deep.equal({
      separator: ':',
      rules: [
        {
          pattern: 'archiver',
          metrics: ['lag'],
          thresholds: new Map([['lag', 0.5]]),
          priority: 'low',
        },
        { pattern: 'etl-*' },
      ],
    });
  });

  it('take effect on a reload', () => {
    const found = changes(
      configOf({ Apps: { etl: { Thresholds: { lag: 1 } } } }),
      configOf({ Apps: { etl: { Thresholds: { lag: 2 } } }, AppSeparator: ':' }),
    );
    expect(found).to.deep.equal([
      { line: 'Apps.etl.Thresholds.lag: 1 -> 2', live: true },
      { line: 'AppSeparator: "" -> ":"', live: true },
    ]);
  });

  it('are refused with the key that is wrong', () => {
    expect(problems({ Apps: { 'a/b': {} } })[0]).to.match(
      /^Apps\["a\/b"\]: .*must not contain "\/"/,
    );
    expect(problems({ Apps: { '': {} } })[0]).to.include('a pattern must not be empty');
    expect(problems({ Apps: { ['x'.repeat(129)]: {} } })[0]).to.include('at most 128 characters');
    expect(problems({ Apps: { a: { Metrics: [] } } })).to.deep.equal([
      'Apps.a.Metrics: must not be empty',
    ]);
    expect(problems({ Apps: { a: { Metrics: ['Lag'] } } })[0]).to.match(/^Apps\.a\.Metrics\[0\]: /);
    expect(problems({ Apps: { a: { Thresholds: { lag: -1 } } } })).to.deep.equal([
      'Apps.a.Thresholds.lag: must be at least 0, got -1',
    ]);
    expect(problems({ Apps: { a: { Priority: 'high' } } })).to.deep.equal([
      'Apps.a.Priority: must be one of "low", "normal"',
    ]);
    expect(problems({ Apps: { a: { Prioritiy: 'low' } } })).to.deep.equal([
      'Apps.a.Prioritiy: unknown key; did you mean Priority?',
    ]);
    expect(problems({ AppSeparator: '/' })[0]).to.match(/^AppSeparator: must not contain "\/"/);
    const many = Object.fromEntries(Array.from({ length: 1_001 }, (_, index) => [`a${index}`, {}]));
    expect(problems({ Apps: many })).to.deep.equal([
      'Apps: must have at most 1000 patterns, got 1001',
    ]);
  });
});
