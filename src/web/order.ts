/** The order of rows: the worst first, but no row moves while somebody is about to use it. */

/** Order changes at most this often. */
export const ORDER_PERIOD_MS = 5_000;

/**
 * The order to show: `wanted` when rows may move; otherwise the rows that are shown stay where they
 * are, without those that are gone, and new ones follow.
 */
export function nextOrder(
  shown: readonly string[],
  wanted: readonly string[],
  mayMove: boolean,
): readonly string[] {
  if (mayMove) return wanted;
  const present = new Set(wanted);
  const kept = shown.filter((key) => present.has(key));
  const known = new Set(kept);
  return [...kept, ...wanted.filter((key) => !known.has(key))];
}
