/**
 * Stores in whose turn a probe thread died, or hung, soon after it got them. What happened twice
 * would happen again, and the other stores of the thread have no values meanwhile: such a store is
 * withheld from the threads for a while, and its checks say so.
 *
 * While a store is withheld no thread writes its slots: this does, on main.
 */
import { isDeepStrictEqual } from 'node:util';
import { monotonicMs } from '../../base/clock.js';
import type { Logger } from '../../base/log.js';
import type { Board } from '../../board/board.js';
import type { WithheldStoresReporter } from '../../contracts/reports.js';
import type { ClusterAssignment } from '../../contracts/stores.js';
import { MetricState } from '../../throttle/metric.js';

const DEATHS_MAX = 2;

/** A thread that dies later than this after it got the store does not die of getting it. */
const SOON_MS = 60_000;

/** Then a withheld store has one more trial, and a death is forgotten. */
const PAUSE_MS = 600_000;

/** Of the values on the board, which count for 2 s. */
const PUBLISH_INTERVAL_MS = 500;

interface Suspect {
  work: ClusterAssignment;
  /** As far as they count towards `DEATHS_MAX`. */
  deaths: number;
  diedAtMs: number;
  /** Since when, and until when; null: it is probed. */
  withheld: { readonly sinceMs: number; readonly untilMs: number; readonly text: string } | null;
}

export interface SuspectStoresOptions {
  readonly board: Board;
  readonly logger: Logger;
  /** A store may be probed again. */
  readonly released: () => void;
  /** `monotonicMs`, unless given. */
  readonly nowMs?: () => number;
  /** How long a store is withheld; 10 minutes, unless given. */
  readonly pauseMs?: number;
}

export class SuspectStores implements WithheldStoresReporter {
  readonly #board: Board;
  readonly #logger: Logger;
  readonly #released: () => void;
  readonly #nowMs: () => number;
  readonly #pauseMs: number;
  /** By name. */
  readonly #suspects = new Map<string, Suspect>();
  /** When each store was given to a thread as it is now. */
  #given = new Map<string, { readonly work: ClusterAssignment; readonly atMs: number }>();
  /** Null: no store is probed. */
  #term: number | null = null;
  #leadingSinceMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: SuspectStoresOptions) {
    this.#board = options.board;
    this.#logger = options.logger;
    this.#released = options.released;
    this.#nowMs = options.nowMs ?? monotonicMs;
    this.#pauseMs = options.pauseMs ?? PAUSE_MS;
  }

  get withheldStores(): number {
    return [...this.#suspects.values()].filter(({ withheld }) => withheld !== null).length;
  }

  lead(term: number | null): void {
    this.#term = term;
    this.#leadingSinceMs = this.#nowMs();
    this.#publish();
  }

  /** The stores from now on: one that has other hosts or settings is no longer withheld. */
  assigned(assignments: readonly ClusterAssignment[]): void {
    const before = this.#given;
    const nowMs = this.#nowMs();
    this.#given = new Map();
    for (const work of assignments) {
      const given = before.get(work.name);
      this.#given.set(work.name, given?.work === work ? given : { work, atMs: nowMs });
    }
    for (const [store, suspect] of this.#suspects) {
      const work = this.#given.get(store)?.work;
      if (work === undefined) this.#suspects.delete(store);
      else if (suspect.withheld !== null && !isSameWork(work, suspect.work)) {
        this.#release(store, suspect, 'its hosts or settings have changed');
      }
    }
    this.#publish();
  }

  /** Without the withheld ones. */
  allowed(assignments: readonly ClusterAssignment[]): ClusterAssignment[] {
    return assignments.filter(({ name }) => !this.#suspects.get(name)?.withheld);
  }

  /** A thread that lived for `lifeMs` has died in the turn of that store. */
  died(work: ClusterAssignment, lifeMs: number): void {
    const nowMs = this.#nowMs();
    const gotAtMs = Math.max(this.#given.get(work.name)?.atMs ?? 0, this.#leadingSinceMs);
    if (Math.min(lifeMs, nowMs - gotAtMs) > SOON_MS) return;
    let suspect = this.#suspects.get(work.name);
    if (suspect === undefined || nowMs - suspect.diedAtMs > PAUSE_MS) {
      suspect = { work, deaths: 0, diedAtMs: nowMs, withheld: null };
      this.#suspects.set(work.name, suspect);
    }
    suspect.work = work;
    suspect.deaths++;
    suspect.diedAtMs = nowMs;
    if (suspect.deaths >= DEATHS_MAX) this.#withhold(work.name, suspect, nowMs);
  }

  /** An operator wants to know: all are probed again, as if nothing had happened. */
  releaseAll(): void {
    const any = this.withheldStores > 0;
    for (const [store, suspect] of this.#suspects) {
      if (suspect.withheld !== null) this.#release(store, suspect, 'reload');
    }
    this.#suspects.clear();
    if (any) this.#released();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #withhold(store: string, suspect: Suspect, nowMs: number): void {
    const until = new Date(Date.now() + this.#pauseMs).toISOString();
    const text =
      `${store}: not probed until ${until}, since its probe thread died again in its turn; ` +
      'a reload or a change of its hosts ends that';
    suspect.withheld = { sinceMs: nowMs, untilMs: nowMs + this.#pauseMs, text };
    this.#logger.error(
      { store, pauseMs: this.#pauseMs },
      'store is not probed for a while: its probe thread died again in its turn',
    );
    this.#timer ??= setInterval(() => this.#tick(), Math.min(PUBLISH_INTERVAL_MS, this.#pauseMs));
    this.#publish();
  }

  #tick(): void {
    const nowMs = this.#nowMs();
    let any = false;
    for (const [store, suspect] of this.#suspects) {
      if (suspect.withheld === null || nowMs < suspect.withheld.untilMs) continue;
      this.#release(store, suspect, 'the pause is over');
      any = true;
    }
    this.#publish();
    if (any) this.#released();
  }

  /** The next death withholds it again. */
  #release(store: string, suspect: Suspect, reason: string): void {
    suspect.withheld = null;
    suspect.deaths = DEATHS_MAX - 1;
    suspect.diedAtMs = this.#nowMs();
    this.#logger.warn({ store, reason }, 'store is probed again');
  }

  #publish(): void {
    if (this.withheldStores === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
    if (this.#term === null) return;
    for (const [store, { withheld }] of this.#suspects) {
      const work = this.#given.get(store)?.work;
      if (withheld === null || work === undefined) continue;
      for (const { slot, generation } of work.metrics) {
        this.#board.publishMeasurement(slot, {
          generation,
          term: this.#term,
          state: MetricState.error,
          value: 0,
          readAtMs: monotonicMs(),
          lastHealthyMs: 0,
          sinceMs: withheld.sinceMs,
          errorText: withheld.text,
        });
      }
    }
  }
}

/** Whether a thread does the same with both. */
function isSameWork(left: ClusterAssignment, right: ClusterAssignment): boolean {
  return left === right || isDeepStrictEqual(workOf(left), workOf(right));
}

function workOf({ metrics }: ClusterAssignment): unknown[] {
  return metrics.map(({ settings, targets, isListed }) => [settings, targets, isListed]);
}
