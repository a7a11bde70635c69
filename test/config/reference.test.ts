/** The shipped reference is generated from the current schema. */
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { configurationPage, jsonSchema } from '../../src/config/reference.js';

const ROOT = new URL('../../../', import.meta.url);
const REMEDY = 'is stale: run "npm run docs:config"';

function committed(name: string): string {
  return readFileSync(new URL(name, ROOT), 'utf8');
}

describe('the reference of the configuration', () => {
  it('docs/configuration.md matches the schema', () => {
    expect(committed('docs/configuration.md') === configurationPage(), REMEDY).to.equal(true);
  });

  it('resources/freno.schema.json matches the schema', () => {
    const inFile = JSON.parse(committed('resources/freno.schema.json'));
    expect(inFile, REMEDY).to.deep.equal(JSON.parse(JSON.stringify(jsonSchema())));
  });

  it('describes every key, and shows no internal metadata to editors', () => {
    const undescribed: string[] = [];
    const visit = (schema: unknown, path: string): void => {
      const { properties, additionalProperties } = schema as Record<string, object>;
      for (const [key, child] of Object.entries(properties ?? {})) {
        if (
          !('description' in child) ||
          'secret' in child ||
          'live' in child ||
          'digits' in child
        ) {
          undescribed.push(`${path}.${key}`);
        }
        visit(child, `${path}.${key}`);
      }
      if (typeof additionalProperties === 'object') visit(additionalProperties, `${path}.*`);
    };
    const schema = jsonSchema() as { readonly definitions: object };
    visit(schema, '');
    for (const [name, each] of Object.entries(schema.definitions)) visit(each, name);
    expect(undescribed).to.deep.equal([]);
  });
});
