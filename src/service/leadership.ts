/**
 * Leadership of this node: carries what consensus reports to the board and to the probe workers, in
 * the same instant.
 *
 * A node that has just become leader has no values yet. `/leader-check` responds 200 only when
 * every store has its first reading in the new term, so that a load balancer does not send it
 * checks that it cannot answer. But it waits no longer than `READY_TIMEOUT_MS`: a store without a
 * reachable host must not keep the cluster without a leader.
 */
import { monotonicMs } from '../base/clock.js';
import { type Board, emptyStoreReading, type StoreReading } from '../board/board.js';
import type { ConsensusObserver } from '../contracts/consensus.js';
import { type LeadershipView, NOT_LEADING } from '../throttle/leadership-view.js';
import { isCurrent, MetricState } from '../throttle/metric.js';

/** A new leader is ready at the latest this long after its promotion, whatever is still unread. */
const READY_TIMEOUT_MS = 1000;

/** How often a new leader checks whether every store has been read. */
const READY_POLL_MS = 5;

export interface ProbingSwitch {
  /** Starts to probe under that term, or stops probing. */
  lead(probing: boolean, term: number): void;
}

export interface StoreLister {
  /** Slots of all stores that have a source of hosts. */
  slots(): Iterable<number>;
  /** Reads every list of hosts at once instead of at its next time. */
  refreshNow(): void;
}

export interface LeadershipOptions {
  readonly board: Board;
  readonly prober: ProbingSwitch;
  readonly stores: StoreLister;
  /** This node acts as leader whatever consensus reports. */
  readonly forced: boolean;
}

export class Leadership implements ConsensusObserver {
  readonly #options: LeadershipOptions;
  readonly #reading: StoreReading = emptyStoreReading();
  #view: LeadershipView;
  #readyTimer: NodeJS.Timeout | undefined;

  constructor(options: LeadershipOptions) {
    this.#options = options;
    this.#view = { ...NOT_LEADING, forced: options.forced };
  }

  /** A forced leader acts from the start, before consensus has reported anything. */
  start(): void {
    this.#publish({});
    if (this.#view.forced) this.#promote();
  }

  stop(): void {
    clearTimeout(this.#readyTimer);
  }

  leadershipChanged(leading: boolean, term: number): void {
    // Lease, clock and readiness belong to one term: none of them passes to the next.
    this.#publish({ ...NOT_LEADING, forced: this.#view.forced, leading, term });
    if (leading || this.#view.forced) this.#promote();
    else this.#demote();
  }

  leaseExtended(leaseUntilMs: number, clockOffsetMs: number | null): void {
    if (this.#view.leading) this.#publish({ leaseUntilMs, clockOffsetMs });
  }

  #promote(): void {
    const { prober, stores } = this.#options;
    this.#publish({ promotedAtMs: monotonicMs() });
    prober.lead(true, this.#view.term);
    stores.refreshNow();
    this.#awaitReadings();
  }

  #demote(): void {
    clearTimeout(this.#readyTimer);
    this.#options.prober.lead(false, this.#view.term);
  }

  #awaitReadings(): void {
    clearTimeout(this.#readyTimer);
    if (this.#isReady()) this.#publish({ ready: true });
    else this.#readyTimer = setTimeout(() => this.#awaitReadings(), READY_POLL_MS);
  }

  #isReady(): boolean {
    const { board, stores } = this.#options;
    const nowMs = monotonicMs();
    if (nowMs - this.#view.promotedAtMs >= READY_TIMEOUT_MS) return true;
    // The lease does not matter here: a new leader may be ready before its peers have responded to
    // its first heartbeat.
    const acting: LeadershipView = { ...this.#view, forced: true };
    for (const slot of stores.slots()) {
      const metric = board.readStore(slot, this.#reading);
      if (metric.state === MetricState.notCollected) return false;
      if (!isCurrent(metric, acting, nowMs)) return false;
    }
    return true;
  }

  #publish(changes: Partial<LeadershipView>): void {
    this.#view = { ...this.#view, ...changes };
    this.#options.board.publishLeadership(this.#view);
  }
}
