/** A bounded number of places, of which each party has a share. */

export class Places<Party> {
  readonly #max: number;
  readonly #shareMax: number;
  readonly #byParty = new Map<Party, number>();
  #taken = 0;

  constructor(max: number, shareMax: number) {
    this.#max = max;
    this.#shareMax = shareMax;
  }

  /** Whether there was one; `party` undefined: none that has a share. */
  take(party: Party | undefined): boolean {
    if (this.#taken >= this.#max) return false;
    if (party !== undefined) {
      const own = this.#byParty.get(party) ?? 0;
      if (own >= this.#shareMax) return false;
      this.#byParty.set(party, own + 1);
    }
    this.#taken++;
    return true;
  }

  give(party: Party | undefined): void {
    this.#taken--;
    if (party === undefined) return;
    const own = this.#byParty.get(party)! - 1;
    if (own === 0) this.#byParty.delete(party);
    else this.#byParty.set(party, own);
  }
}
