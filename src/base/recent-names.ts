/** The names met in the last period, bounded in number: each is new once in a period. */

/** `full`: the name is not remembered, since there is no room for it. */
export type Meeting = 'new' | 'known' | 'full';

export class RecentNames {
  readonly #namesMax: number;
  readonly #periodMs: number;
  /** When each name was new, the oldest first. */
  readonly #newAtMs = new Map<string, number>();

  constructor(namesMax: number, periodMs: number) {
    this.#namesMax = namesMax;
    this.#periodMs = periodMs;
  }

  /** `nowMs`: `monotonicMs()`. */
  meet(name: string, nowMs: number): Meeting {
    const newAtMs = this.#newAtMs.get(name);
    if (newAtMs !== undefined && nowMs - newAtMs < this.#periodMs) return 'known';
    this.#forgetOld(nowMs);
    if (this.#newAtMs.size >= this.#namesMax) return 'full';
    this.#newAtMs.set(name, nowMs);
    return 'new';
  }

  #forgetOld(nowMs: number): void {
    for (const [name, newAtMs] of this.#newAtMs) {
      if (nowMs - newAtMs < this.#periodMs) return;
      this.#newAtMs.delete(name);
    }
  }
}
