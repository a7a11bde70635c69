/** Writes the generated reference of the configuration: a page and a JSON Schema. */
import { writeFileSync } from 'node:fs';
import { configurationPage, jsonSchema } from './reference.js';

const ROOT = new URL('../../../', import.meta.url);

writeFileSync(new URL('docs/configuration.md', ROOT), configurationPage());
writeFileSync(
  new URL('resources/freno.schema.json', ROOT),
  `${JSON.stringify(jsonSchema(), null, 2)}\n`,
);
