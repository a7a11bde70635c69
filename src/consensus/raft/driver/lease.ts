/**
 * How long nobody else can lead: counted from the sending of the newest heartbeats that a majority
 * answered.
 */

/**
 * Rounds whose time of sending is remembered. A leader steps down long before as many stay
 * unanswered.
 */
const ROUNDS_MAX = 1024;

export class LeaderLease {
  /**
   * Round and time of its sending, in order; only rounds from the last one on that was answered.
   */
  readonly #sentMs = new Map<number, number>();
  #answeredRound = 0;
  #untilMs = 0;

  /**
   * `share` of what is promised counts: the clocks of those who promise may run faster than this
   * one.
   */
  constructor(private readonly share: number) {}

  /** Note before the first heartbeat of `round` leaves. */
  roundBegins(round: number, nowMs: number): void {
    this.#sentMs.set(round, nowMs);
    if (this.#sentMs.size > ROUNDS_MAX) {
      const [oldest] = this.#sentMs.keys();
      this.#sentMs.delete(oldest!);
    }
  }

  /** Until when it holds; 0: there is none. */
  get untilMs(): number {
    return this.#untilMs;
  }

  /**
   * A majority has answered `round`, and elects nobody for `lockoutMs` after. A round of 0: no
   * round carries a lease.
   */
  answered(round: number, lockoutMs: number): void {
    if (round === 0) {
      this.#forgetUpTo(this.#answeredRound);
      this.#untilMs = 0;
      return;
    }
    this.#forgetUpTo(round - 1);
    this.#answeredRound = round;
    const sentMs = this.#sentMs.get(round);
    if (sentMs !== undefined) this.#untilMs = sentMs + lockoutMs * this.share;
  }

  #forgetUpTo(round: number): void {
    for (const known of this.#sentMs.keys()) {
      if (known > round) break;
      this.#sentMs.delete(known);
    }
  }
}
