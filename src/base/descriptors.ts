/** How many files and sockets this process may have open. */
import { readFileSync } from 'node:fs';

const OPEN_FILES = /^Max open files\s+(\d+)/m;

/** The limit now (`ulimit -n`); null where the system does not show it, or there is none. */
export function descriptorsMax(): number | null {
  try {
    const [, limit] = OPEN_FILES.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    return limit === undefined ? null : Number(limit);
  } catch {
    return null;
  }
}
