/** The metrics that need no query. */
import { expect } from 'chai';
import { KNOWN_METRICS } from '../../src/config/known-metrics.js';
import { metricQueryKind } from '../../src/config/metric-query.js';

describe('the known metrics', () => {
  for (const [name, { source, threshold }] of KNOWN_METRICS) {
    it(`measure ${name} by statements that probes run`, () => {
      const statements = [source.query, source.mariaDbQuery ?? source.query];
      for (const statement of statements) {
        expect(metricQueryKind(statement)).to.equal(name === 'lag' ? 'lag' : kindOf(statement));
      }
      expect(threshold).to.be.above(0);
    });
  }

  function kindOf(statement: string): string {
    return statement.startsWith('SHOW GLOBAL ') ? 'show' : 'value';
  }
});
