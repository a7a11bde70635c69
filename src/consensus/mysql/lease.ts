/**
 * The leader's lease: until its deadline no other node can take the row over. It counts from the
 * sending of the renewal and ends before the row expires (`options.ts`). A timer ends it, so that a
 * frozen backend cannot keep a leader in office.
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
  /** Of the latest promotion of this node: values of an earlier term do not count. */
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
   * Starts or extends the lease to `untilMs` (`monotonicMs()`). A deadline that has passed changes
   * nothing.
   */
  extend(untilMs: number): void {
    if (untilMs <= monotonicMs()) return;
    if (this.#leading && monotonicMs() >= this.#untilMs) this.end();
    if (!this.#leading) {
      this.#leading = true;
      this.#untilMs = 0;
      this.#term++;
      this.#log.warn({ term: this.#term }, 'MySQL backend: became leader');
      this.#observer.leadershipChanged(true, this.#term);
    }
    this.#untilMs = Math.max(this.#untilMs, untilMs);
    this.#observer.leaseExtended(this.#untilMs, null);
    this.#armTimer();
  }

  /** Stops leading now. */
  end(): void {
    clearTimeout(this.#timer);
    if (!this.#leading) return;
    this.#leading = false;
    this.#log.warn({ term: this.#term }, 'MySQL backend: lost leadership');
    this.#observer.leadershipChanged(false, this.#term);
  }

  #armTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      // Timers fire up to a millisecond early.
      if (monotonicMs() >= this.#untilMs) this.end();
      else this.#armTimer();
    }, this.#untilMs - monotonicMs());
  }
}
