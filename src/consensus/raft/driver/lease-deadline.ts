/**
 * The lease of a leader: until when no other node can lead (dissertation 6.4.1).
 *
 * It counts from the **sending** of the newest heartbeats that a majority acknowledged, since their
 * lockouts cannot have begun earlier. It lasts for their shortest lockout, less a share for clocks
 * that run faster. Whether it is over is checked by `mayAct` (throttle/leadership-view.ts), by one
 * clock of all threads, at the moment of each answer.
 */

/**
 * Rounds whose time of sending is remembered. A leader steps down long before as many have no
 * response.
 */
const ROUNDS_MAX = 1024;

export class LeaderLease {
  /** Round and time of its sending, in order; only rounds from the last confirmed one on. */
  readonly #sentMs = new Map<number, number>();
  #answeredRound = 0;
  #untilMs = 0;

  /** `share` of a lockout counts: the clocks of the voters may run faster than this one. */
  constructor(private readonly share: number) {}

  /** Call before the first heartbeat of `round` is sent. */
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
   * A majority has acknowledged `round` and elects no other node for `lockoutMs` after it was sent.
   * Round 0: no round carries a lease.
   */
  confirmed(round: number, lockoutMs: number): void {
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
