/** What must never be seen, whatever breaks. */

export const VIOLATIONS = {
  lost: 'an acknowledged write is missing on a node after all faults ended',
  differing: 'the lists of the nodes differ after all faults ended',
  twoLeaders: 'two nodes responded 200 to /leader-check at once',
  notInForce: 'a check was allowed after its app was throttled with 200',
  notLinearizable: 'no order of the writes and reads of a key explains them',
  noLeader: 'no leader, or not all nodes serve, after all faults ended',
  unexpectedStatus: 'a write had another status than 200, 503 or 504',
} as const;

export type ViolationKind = keyof typeof VIOLATIONS;

/** Of each kind; all are counted. */
const DETAILS_MAX = 5;

export class Violations {
  readonly #counts = new Map<ViolationKind, number>();
  readonly #details: string[] = [];

  add(kind: ViolationKind, detail: string): void {
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    if (count <= DETAILS_MAX) this.#details.push(`${VIOLATIONS[kind]}: ${detail}`);
  }

  get counts(): ReadonlyMap<ViolationKind, number> {
    return this.#counts;
  }

  get details(): readonly string[] {
    return this.#details;
  }
}
