/** Writes the generated reference of the commands. */
import { writeFileSync } from 'node:fs';
import { commandLinePage } from './reference.js';

writeFileSync(new URL('../../../docs/cli.md', import.meta.url), await commandLinePage());
