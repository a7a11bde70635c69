/**
 * Leadership as consensus reports it, carried to the board and to the probe workers in the same
 * instant.
 */
import { monotonicMs } from '../base/clock.js';
import type { Board, StoreReading } from '../board/board.js';
import { emptyStoreReading } from '../board/board.js';
import type { ConsensusObserver } from '../contracts/consensus.js';
import type { LeadershipView } from '../throttle/leadership-view.js';
import { isCurrent, MetricState } from '../throttle/metric.js';

/**
 * A fresh leader answers `/leader-check` at the latest this long after its promotion, whatever is
 * still unread.
 */
const READY_WITHIN_MS = 1000;

/** How often a fresh leader looks whether every store has been read. */
const READY_POLL_MS = 5;

export interface ProbingSwitch {
  /** Probe under that term, or stop probing. */
  lead(probing: boolean, term: number): void;
}

export interface StoreLister {
  /** Places on the board of all stores that have a source of hosts. */
  slots(): Iterable<number>;
  /** Reads every list of hosts at once instead of at its next time. */
  refreshNow(): void;
}

export class Leadership implements ConsensusObserver {
  readonly #board: Board;
  readonly #prober: ProbingSwitch;
  readonly #stores: StoreLister;
  readonly #forced: boolean;
  readonly #scratch: StoreReading = emptyStoreReading();
  #view: LeadershipView;
  #readyTimer: NodeJS.Timeout | undefined;

  constructor(board: Board, prober: ProbingSwitch, stores: StoreLister, forced: boolean) {
    this.#board = board;
    this.#prober = prober;
    this.#stores = stores;
    this.#forced = forced;
    this.#view = {
      leading: false,
      forced,
      ready: false,
      term: 0,
      leaseUntilMs: 0,
      promotedAtMs: 0,
      clockOffsetMs: null,
    };
  }

  /** A forced leader acts from its start, before consensus has said anything. */
  start(): void {
    this.#publish({});
    if (this.#forced) this.#promote();
  }

  stop(): void {
    clearTimeout(this.#readyTimer);
  }

  leadershipChanged(leading: boolean, term: number): void {
    const nothing = { ready: false, leaseUntilMs: 0, promotedAtMs: 0, clockOffsetMs: null };
    this.#publish({ leading, term, ...nothing });
    if (leading || this.#forced) this.#promote();
    else this.#demote();
  }

  leaseExtended(leaseUntilMs: number, clockOffsetMs: number | null): void {
    if (this.#view.leading) this.#publish({ leaseUntilMs, clockOffsetMs });
  }

  #promote(): void {
    this.#publish({ promotedAtMs: monotonicMs() });
    this.#prober.lead(true, this.#view.term);
    this.#stores.refreshNow();
    this.#awaitReadings();
  }

  #demote(): void {
    clearTimeout(this.#readyTimer);
    this.#prober.lead(false, this.#view.term);
  }

  #awaitReadings(): void {
    clearTimeout(this.#readyTimer);
    if (this.#isReady()) this.#publish({ ready: true });
    else this.#readyTimer = setTimeout(() => this.#awaitReadings(), READY_POLL_MS);
  }

  #isReady(): boolean {
    const nowMs = monotonicMs();
    if (nowMs - this.#view.promotedAtMs >= READY_WITHIN_MS) return true;
    // The lease is not what is asked here: a fresh leader may be ready before its first heartbeat
    // is answered.
    const acting: LeadershipView = { ...this.#view, forced: true };
    for (const slot of this.#stores.slots()) {
      const metric = this.#board.readStore(slot, this.#scratch);
      if (metric.state === MetricState.notCollected) return false;
      if (!isCurrent(metric, acting, nowMs)) return false;
    }
    return true;
  }

  #publish(changes: Partial<LeadershipView>): void {
    this.#view = { ...this.#view, ...changes };
    this.#board.publishLeadership(this.#view);
  }
}
