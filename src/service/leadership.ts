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

/**
 * For so long a node that hears no leader goes on by the last clock of the majority. After that its
 * monotonic clock, which stands still while a machine is suspended, is no better than its own.
 */
const CLOCK_LAPSE_MS = 600_000;

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
  readonly clockLapseMs?: number;
}

export class Leadership implements ConsensusObserver {
  readonly #options: LeadershipOptions;
  readonly #reading: StoreReading = emptyStoreReading();
  #view: LeadershipView;
  #readyTimer: NodeJS.Timeout | undefined;
  #clockTimer: NodeJS.Timeout | undefined;

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
    clearTimeout(this.#clockTimer);
  }

  leadershipChanged(leading: boolean, term: number): void {
    // Lease and readiness belong to one term: neither passes to the next. The clock does: the next
    // leader, or the next lease, only makes it more exact.
    const { forced, clockOffsetMs } = this.#view;
    this.#publish({ ...NOT_LEADING, forced, clockOffsetMs, leading, term });
    if (leading || this.#view.forced) this.#promote();
    else this.#demote();
  }

  leaseExtended(leaseUntilMs: number, clockOffsetMs: number | null): void {
    if (!this.#view.leading) return;
    this.#publish({ leaseUntilMs, clockOffsetMs });
    this.#postponeLapse();
  }

  clockHeard(clockOffsetMs: number): void {
    if (this.#view.leading) return;
    this.#publish({ clockOffsetMs });
    this.#postponeLapse();
  }

  #postponeLapse(): void {
    clearTimeout(this.#clockTimer);
    if (this.#view.clockOffsetMs === null) return;
    const lapse = (): void => this.#publish({ clockOffsetMs: null });
    this.#clockTimer = setTimeout(lapse, this.#options.clockLapseMs ?? CLOCK_LAPSE_MS);
    this.#clockTimer.unref();
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
