/** The version of this freno, from its package, and the commit, from its build. */
import { readFileSync } from 'node:fs';

const PACKAGE = new URL('../../../package.json', import.meta.url);

/** Written where packages are made (resources/packaging); a checkout has none. */
const BUILD = new URL('../../build.json', import.meta.url);

export function version(): string {
  return (JSON.parse(readFileSync(PACKAGE, 'utf8')) as { version: string }).version;
}

/** The whole name of the commit; null where freno runs from a checkout. */
export function commit(): string | null {
  try {
    return (JSON.parse(readFileSync(BUILD, 'utf8')) as { commit: string }).commit;
  } catch {
    return null;
  }
}
