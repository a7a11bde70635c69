/** Finds the known name that a mistyped one most likely stands for. */

/**
 * One typing mistake in this many characters: more of them make another word (`Foo` is not `Port`).
 */
const CHARACTERS_PER_MISTAKE = 3;

/** A part of a name that is shorter than this does not identify it. */
const PART_LENGTH_MIN = 4;

const COMPARED_LENGTH_MAX = 64;

/**
 * The candidate of the smallest edit distance, whatever the case; the first of several. If none is
 * near, the only candidate that contains the name. Undefined: there is none of either kind.
 */
export function nearest(name: string, candidates: readonly string[]): string | undefined {
  const wanted = name.toLowerCase().slice(0, COMPARED_LENGTH_MAX);
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const distance = editDistance(wanted, candidate.toLowerCase());
    const longer = Math.max(wanted.length, candidate.length);
    if (distance < bestDistance && distance * CHARACTERS_PER_MISTAKE <= longer) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best ?? onlyOneWith(wanted, candidates);
}

function onlyOneWith(part: string, candidates: readonly string[]): string | undefined {
  if (part.length < PART_LENGTH_MIN) return undefined;
  const found = candidates.filter((candidate) => candidate.toLowerCase().includes(part));
  return found.length === 1 ? found[0] : undefined;
}

/**
 * Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b` (optimal
 * string alignment).
 */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row[j] = Math.min(
        last[j]! + 1,
        row[j - 1]! + 1,
        last[j - 1]! + (same ? 0 : 1),
        swapped ? beforeLast[j - 2]! + 1 : Number.POSITIVE_INFINITY,
      );
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}
