/** The examples of docs/stores.md are configurations that load. */
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { clusterSettings } from '../../../src/config/clusters.js';
import { check, MINIMAL } from '../../config/documents.js';

const DOCUMENT = new URL('../../../../docs/stores.md', import.meta.url);
const ENVIRONMENT = { FRENO_MYSQL_PASSWORD: 'a', HAPROXY_PASSWORD: 'b', PROXYSQL_PASSWORD: 'c' };

describe('the documentation of the stores', () => {
  const text = readFileSync(DOCUMENT, 'utf8');
  const examples = [...text.matchAll(/```json\n([\s\S]*?)```/g)].map(([, json]) => json!);

  it('has an example of each source, which loads without a problem or a warning', () => {
    const kinds = examples.flatMap((example) => {
      const { config, problems, warnings } = check(
        { ...MINIMAL, ...(JSON.parse(example) as object) },
        ENVIRONMENT,
      );
      expect([...problems, ...warnings], example).to.deep.equal([]);
      return clusterSettings(config!).map(({ metrics }) => metrics[0].hosts.kind);
    });
    expect(new Set(kinds)).to.have.all.keys('static', 'haproxy', 'proxysql', 'vitess');
  });

  it('links to sections that exist', () => {
    const sections = [...text.matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
      title!
        .toLowerCase()
        .replace(/[^\w\s-]/g, '')
        .replaceAll(' ', '-'),
    );
    const links = [...text.matchAll(/\]\(#([^)]+)\)/g)].map(([, section]) => section!);
    expect(links.length).to.be.greaterThan(5);
    expect(sections).to.include.members(links);
  });
});
