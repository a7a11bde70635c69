/** Counting majorities. */

/** How many of `voters` make a majority. */
export function majorityOf(voters: number): number {
  return Math.floor(voters / 2) + 1;
}

/**
 * The greatest number that a majority of the voters has reached; `values` has one number per voter
 * and is left sorted.
 */
export function reachedByMajority(values: number[]): number {
  sortDescending(values);
  return values[majorityOf(values.length) - 1] ?? 0;
}

/** Insertion sort: the fastest way for a handful, and it allocates nothing. */
function sortDescending(values: number[]): void {
  for (let sorted = 1; sorted < values.length; sorted++) {
    const value = values[sorted]!;
    let place = sorted;
    for (; place > 0 && values[place - 1]! < value; place--) values[place] = values[place - 1]!;
    values[place] = value;
  }
}

export type Verdict = 'won' | 'lost' | 'open';

/** The votes of one election. The first response of each voter counts. */
export class Tally {
  readonly #answers = new Map<string, boolean>();
  readonly #majority: number;
  readonly #voters: number;

  constructor(voters: number) {
    this.#voters = voters;
    this.#majority = majorityOf(voters);
  }

  record(voter: string, granted: boolean): void {
    if (!this.#answers.has(voter)) this.#answers.set(voter, granted);
  }

  verdict(): Verdict {
    let granted = 0;
    for (const answer of this.#answers.values()) if (answer) granted++;
    if (granted >= this.#majority) return 'won';
    const open = this.#voters - this.#answers.size;
    return granted + open < this.#majority ? 'lost' : 'open';
  }
}
