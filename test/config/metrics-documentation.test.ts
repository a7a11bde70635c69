/** docs/metrics-of-stores.md says what the configuration knows, and its examples load. */
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { STORE_METRICS_MAX } from '../../src/base/limits.js';
import { advice } from '../../src/config/advice.js';
import { clusterSettings } from '../../src/config/clusters.js';
import { KNOWN_METRICS } from '../../src/config/known-metrics.js';
import type { ConfigInput } from '../../src/config/schema.js';
import { knownKeys } from '../../src/config/schema-walk.js';
import { check, MINIMAL } from './documents.js';

const PAGE = new URL('../../../docs/metrics-of-stores.md', import.meta.url);

describe('the documentation of metrics', () => {
  const text = readFileSync(PAGE, 'utf8');
  const examples = [...text.matchAll(/^```json\n([\s\S]*?)^```/gm)].map(([, json]) => json!);

  it('has a row for each known metric, with its statements, unit, threshold and servers', () => {
    const rows = [...text.matchAll(/^\| `(\w+)` \| (.*) \|$/gm)].filter(
      ([, , cells]) => cells!.split(' | ').length === 5,
    );
    expect(rows.map(([, name]) => name)).to.deep.equal([...KNOWN_METRICS.keys()]);
    for (const [, name, cells] of rows) {
      const { source, unit, threshold, servers, privilege } = KNOWN_METRICS.get(name!)!;
      const [statement, ...others] = cells!.split(' | ');
      expect(others).to.deep.equal([unit, String(threshold), servers, privilege]);
      for (const part of [source.query, source.mariaDbQuery ?? '']) {
        expect(statement, name).to.include(part);
      }
      expect(statement!.endsWith('its rate'), name).to.equal(source.kind === 'rate');
    }
  });

  it('has examples that load without a problem, a warning or advice', () => {
    expect(examples.length).to.be.at.least(4);
    const kinds = new Set<string>();
    for (const example of examples) {
      const document = { ...MINIMAL, ...(JSON.parse(example) as ConfigInput) };
      const { config, problems, warnings } = check(document, { FRENO_MYSQL_PASSWORD: 'secret' });
      expect([...problems, ...warnings], example).to.deep.equal([]);
      const clusters = clusterSettings(config!);
      for (const { metrics } of clusters) for (const each of metrics) kinds.add(each.measured.kind);
      const about = advice(config!).filter((line) => !/Clusters: empty|documentation/.test(line));
      expect(about, example).to.deep.equal([]);
    }
    expect(kinds).to.have.all.keys('query', 'rate', 'prometheus');
  });

  it('names every key of a metric, and the bound of their number', () => {
    const keys = knownKeys(['Stores', 'MySQL', 'Metrics', 'x']);
    expect(keys.length).to.be.greaterThan(15);
    for (const key of keys) expect(text, key).to.match(new RegExp(`["\`]${key}["\`]`));
    expect(text).to.include(`at most ${STORE_METRICS_MAX} metrics`);
  });
});
