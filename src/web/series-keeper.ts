/** The series of all metrics that the page has shown, with what the node kept of them. */
import { report } from './api.js';
import { pathOf } from './paths.js';
import { MetricSeries } from './series.js';
import type { HistoryReport, StoreRow } from './topics.js';

/** Requests for history in progress at a time. */
const ASKED_AT_ONCE = 4;
/** A hundred rows of several metrics each; beyond, the series that came first goes. */
const SERIES_MAX = 2_000;

export class SeriesKeeper {
  readonly #series = new Map<string, MetricSeries>();
  readonly #toAsk = new Set<string>();
  #asked = 0;

  add(rows: readonly StoreRow[], second: number): void {
    for (const { Store, Metrics } of rows) {
      for (const { Metric, Value, Threshold } of Metrics) {
        this.of(Store, Metric).add(second, Value ?? null, Threshold);
      }
    }
  }

  of(store: string, metric: string): MetricSeries {
    const key = `${store}/${metric}`;
    const known = this.#series.get(key);
    if (known !== undefined) return known;
    const made = new MetricSeries();
    if (this.#series.size >= SERIES_MAX) this.#series.delete(this.#series.keys().next().value!);
    this.#series.set(key, made);
    this.#toAsk.add(store);
    queueMicrotask(() => this.#ask());
    return made;
  }

  /** Reads what the node kept of all metrics of a store; null when it keeps nothing. */
  async readHistory(store: string): Promise<HistoryReport | null> {
    const history = await report<HistoryReport>(pathOf(['history', ...store.split('/')]));
    if (history === null) return null;
    const span = { fromSecond: Date.parse(history.From) / 1_000, points: history.Points };
    for (const metric of history.Metrics) this.of(store, metric.Metric).merge(span, metric);
    return history;
  }

  #ask(): void {
    for (const store of this.#toAsk) {
      if (this.#asked >= ASKED_AT_ONCE) return;
      this.#toAsk.delete(store);
      this.#asked += 1;
      void this.readHistory(store).finally(() => {
        this.#asked -= 1;
        this.#ask();
      });
    }
  }
}
