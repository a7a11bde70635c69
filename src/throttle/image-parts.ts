/**
 * A state in parts, for another thread: in one message 200,000 entries would hold the thread that
 * sends them for a tenth of a second, and the one that takes them for longer.
 */
import type { StateImage } from './state.js';

/** Rows of one part: about a millisecond to send, and to take. */
export const PART_ROWS = 500;

const TABLES = ['throttledApps', 'skippedHosts', 'exemptedApps', 'thresholds'] as const;

export interface ImageParts {
  readonly rows: readonly StateImage[];
  /** To be added behind all others; a small state is in this one alone. */
  readonly last: StateImage;
}

/** Without the last commands, which only main lists. */
export function partsOf(image: StateImage): ImageParts {
  const whole = { ...image, recentCommands: [] };
  const count = TABLES.reduce((sum, table) => sum + image[table].length, 0);
  if (count <= PART_ROWS) return { rows: [], last: whole };
  const last = { ...whole, throttledApps: [], skippedHosts: [], exemptedApps: [], thresholds: [] };
  const rows: StateImage[] = [];
  for (const table of TABLES) {
    for (let from = 0; from < image[table].length; from += PART_ROWS) {
      rows.push({ ...last, [table]: image[table].slice(from, from + PART_ROWS) });
    }
  }
  return { rows, last };
}
