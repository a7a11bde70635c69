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
  const search = new NearestSearch(name);
  for (const candidate of candidates) search.compare(candidate);
  return search.found;
}

/** The same, one candidate at a time: of a list too long to be compared in one go. */
export class NearestSearch {
  readonly #wanted: string;
  #best: string | undefined;
  #bestDistance = Number.POSITIVE_INFINITY;
  /** Candidates that contain the name. */
  #containing: string | undefined;
  #containingCount = 0;

  constructor(name: string) {
    this.#wanted = name.toLowerCase().slice(0, COMPARED_LENGTH_MAX);
  }

  compare(candidate: string): void {
    const wanted = this.#wanted;
    const folded = candidate.toLowerCase();
    if (wanted.length >= PART_LENGTH_MIN && folded.includes(wanted)) {
      this.#containing = candidate;
      this.#containingCount += 1;
    }
    const longer = Math.max(wanted.length, folded.length);
    const isNear = (distance: number): boolean =>
      distance < this.#bestDistance && distance * CHARACTERS_PER_MISTAKE <= longer;
    // No distance is smaller than the difference in length, which costs nothing.
    if (!isNear(Math.abs(wanted.length - folded.length))) return;
    const distance = editDistance(wanted, folded);
    if (!isNear(distance)) return;
    this.#best = candidate;
    this.#bestDistance = distance;
  }

  /** Of those that were compared. */
  get found(): string | undefined {
    return this.#best ?? (this.#containingCount === 1 ? this.#containing : undefined);
  }
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
