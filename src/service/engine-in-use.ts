/** The HTTP engine that `"HttpEngine": "auto"` chooses on this machine, for `freno --version`. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const MODULE = 'uWebSockets.js';

/** Loads the native module, in this thread. */
export function engineInUse(): string {
  const require = createRequire(import.meta.url);
  try {
    require(MODULE);
  } catch {
    return `node (${MODULE} does not load here)`;
  }
  const manifest = join(dirname(require.resolve(MODULE)), 'package.json');
  const { name, version } = JSON.parse(readFileSync(manifest, 'utf8')) as Record<string, string>;
  return `uws (${name} ${version})`;
}
