/**
 * What the leader has measured and answered in the last fifteen minutes: of each metric its value
 * and threshold, of each store that was asked its answers by status.
 *
 * Bounds: 7,200 bytes for a metric, and 18,000 for a store that was asked. What another node kept
 * while it led is not here; neither is a second in which this process did not run.
 */
import { monotonicMs } from '../../../base/clock.js';
import { TimeSlice } from '../../../base/time-slice.js';
import { ANSWER_STATUSES } from '../../../board/answer-counts.js';
import { type Board, emptyLeadershipReading, emptyStoreReading } from '../../../board/board.js';
import type { AnswerCountsSource, StoreLocation } from '../../../contracts/http.js';
import type { HistoryReporter } from '../../../contracts/reports.js';
import { mayAct } from '../../../throttle/leadership-view.js';
import { isCurrent, MetricState, thresholdInForce } from '../../../throttle/metric.js';
import { historyJson } from './history-json.js';
import { type MetricRings, NumberRing, RecordedSeconds } from './rings.js';

const PERIOD_MS = 1_000;

const NO_ANSWERS: readonly number[] = ANSWER_STATUSES.map(() => 0);

export interface HistorySources {
  readonly board: Board;
  readonly stores: () => readonly StoreLocation[];
  readonly answers: AnswerCountsSource;
}

/** The rings of one store, while its own metric has that slot. */
interface StoreHistory {
  readonly slot: number;
  readonly metrics: Map<string, MetricRings>;
  /** By status; null until it is asked for the first time. */
  answers: NumberRing[] | null;
  /** The sums of the last look. */
  counted: readonly number[];
}

export class HistoryKeeper implements HistoryReporter {
  readonly #sources: HistorySources;
  readonly #recorded = new RecordedSeconds();
  readonly #reading = emptyStoreReading();
  #stores = new Map<string, StoreHistory>();
  /** 0: no record yet. */
  #lastSecond = 0;
  #isStopped = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(sources: HistorySources) {
    this.#sources = sources;
  }

  start(): void {
    this.#schedule();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  /** Bytes that are held for points. */
  get bytes(): number {
    let bytes = 0;
    for (const { metrics, answers } of this.#stores.values()) {
      for (const { values, thresholds } of metrics.values())
        bytes += values.bytes + thresholds.bytes;
      for (const ring of answers ?? []) bytes += ring.bytes;
    }
    return bytes;
  }

  /** Undefined: nothing was recorded of such a store. */
  report(store: string, seconds: number): string | undefined {
    const history = this.#stores.get(store);
    if (history === undefined) return undefined;
    const { metrics, answers } = history;
    const span = { lastSecond: this.#lastSecond, seconds };
    return historyJson(`mysql/${store}`, span, this.#recorded, metrics, answers ?? []);
  }

  /** Records a second (Unix time) that has just ended. */
  async record(second: number): Promise<void> {
    // The clock was set back.
    if (second <= this.#lastSecond) return;
    const { board, stores } = this.#sources;
    const leadership = board.readLeadership(emptyLeadershipReading());
    const isLeading = mayAct(leadership, monotonicMs());
    const nowUnixMs = board.expiryTimeMs();
    const slice = new TimeSlice();
    const before = this.#stores;
    const present = new Map<string, StoreHistory>();
    for (const store of stores()) {
      const history = this.#historyOf(store, before.get(store.name));
      present.set(store.name, history);
      for (const { name, slot } of store.metrics) {
        const reading = board.readStore(slot, this.#reading);
        const isKnown = isLeading && isCurrent(reading, leadership, monotonicMs());
        const rings = metricRings(history, name, second);
        const hasValue = isKnown && reading.state === MetricState.ok;
        rings.values.put(second, hasValue ? reading.value : Number.NaN);
        rings.thresholds.put(second, thresholdInForce(reading, nowUnixMs));
      }
      this.#recordAnswers(history, second);
      if (slice.shouldYield) await slice.yield();
    }
    this.#stores = present;
    this.#lastSecond = second;
    if (isLeading) this.#recorded.add(second);
  }

  /** A store that has moved to another slot of the board is another one. */
  #historyOf(store: StoreLocation, known: StoreHistory | undefined): StoreHistory {
    const { slot, metrics } = store;
    if (known === undefined || known.slot !== slot) {
      // Counts start at zero with the process: the first second has its answers too.
      const counted = this.#lastSecond === 0 ? NO_ANSWERS : this.#sources.answers.answersOf(slot);
      return { slot, metrics: new Map(), answers: null, counted };
    }
    for (const name of known.metrics.keys()) {
      if (!metrics.some((metric) => metric.name === name)) known.metrics.delete(name);
    }
    return known;
  }

  #recordAnswers(history: StoreHistory, second: number): void {
    const counted = this.#sources.answers.answersOf(history.slot);
    const differences = counted.map((count, index) => (count - history.counted[index]!) >>> 0);
    history.counted = counted;
    if (history.answers === null && differences.some((difference) => difference > 0)) {
      history.answers = ANSWER_STATUSES.map(() => new NumberRing(0, 0));
    }
    for (const [index, ring] of (history.answers ?? []).entries()) {
      ring.put(second, differences[index]!);
    }
  }

  /** Just after each full second. */
  #schedule(): void {
    const untilNextMs = PERIOD_MS - (Date.now() % PERIOD_MS) + 1;
    this.#timer = setTimeout(() => void this.#recordAndSchedule(), untilNextMs);
  }

  async #recordAndSchedule(): Promise<void> {
    try {
      await this.record(Math.floor(Date.now() / PERIOD_MS) - 1);
    } finally {
      if (!this.#isStopped) this.#schedule();
    }
  }
}

function metricRings({ metrics }: StoreHistory, name: string, second: number): MetricRings {
  let rings = metrics.get(name);
  if (rings === undefined) {
    rings = {
      values: new NumberRing(second, Number.NaN),
      thresholds: new NumberRing(second, Number.NaN),
    };
    metrics.set(name, rings);
  }
  return rings;
}
