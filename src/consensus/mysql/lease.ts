/**
 * Whether this node leads, and until when at least nobody else does. A timer ends the lease,
 * whatever the backend does.
 *
 * Invariant: `leadershipChanged(true)` and `(false)` alternate, and while leading the deadline lies
 * ahead or its timer is due.
 */
import { monotonicMs } from '../../base/clock.js';
import type { Logger } from '../../base/log.js';
import type { ConsensusObserver } from '../../contracts/consensus.js';

export class BackendLease {
  readonly #observer: ConsensusObserver;
  readonly #log: Logger;
  /** Of the latest promotion of this node: values of an earlier one never count. */
  #term = 0;
  #leading = false;
  #untilMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(observer: ConsensusObserver, log: Logger) {
    this.#observer = observer;
    this.#log = log;
  }

  get isLeading(): boolean {
    return this.#leading && monotonicMs() < this.#untilMs;
  }

  /**
   * Leads, or goes on to lead, until `untilMs` (`monotonicMs()`). A deadline that has passed
   * changes nothing.
   */
  hold(untilMs: number): void {
    if (untilMs <= monotonicMs()) return;
    if (this.#leading && monotonicMs() >= this.#untilMs) this.end();
    if (!this.#leading) {
      this.#leading = true;
      this.#untilMs = 0;
      this.#term++;
      this.#log.warn({ term: this.#term }, 'this node leads');
      this.#observer.leadershipChanged(true, this.#term);
    }
    this.#untilMs = Math.max(this.#untilMs, untilMs);
    this.#observer.leaseExtended(this.#untilMs, null);
    this.#arm();
  }

  /** Stops leading now. */
  end(): void {
    clearTimeout(this.#timer);
    if (!this.#leading) return;
    this.#leading = false;
    this.#log.warn({ term: this.#term }, 'this node leads no longer');
    this.#observer.leadershipChanged(false, this.#term);
  }

  #arm(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      // Timers fire up to a millisecond early.
      if (monotonicMs() >= this.#untilMs) this.end();
      else this.#arm();
    }, this.#untilMs - monotonicMs());
  }
}
