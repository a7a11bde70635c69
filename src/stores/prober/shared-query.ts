/** One query of a probe, and the metrics of stores that its readings go to. */
import type { MySQLFailure } from '../../base/mysql/failure.js';
import type { MetricHost, SharedHost } from './metric-host.js';
import { type ProbeCounters, ProbeQuery, type ReadingListener } from './mysql/probe-query.js';

export class SharedQuery implements ReadingListener {
  readonly query: ProbeQuery;
  #readers: readonly MetricHost[] = [];

  /** `counters`: of the thread and of all stores that use the probe. */
  constructor({ asked: { measured, cacheMs } }: MetricHost, counters: ProbeCounters) {
    this.query = new ProbeQuery(measured, cacheMs, this, {
      finished: (tookMs) => {
        counters.finished(tookMs);
        for (const reader of this.#readers) reader.counters.finished(tookMs);
      },
      failed: () => {
        counters.failed();
        for (const reader of this.#readers) reader.counters.failed();
      },
    });
  }

  get isUnused(): boolean {
    return this.#readers.length === 0;
  }

  add(reader: MetricHost): void {
    this.#readers = [...this.#readers, reader];
    if (reader.query === this.query) return;
    reader.query = this.query;
    this.query.beDue();
  }

  removeAllOf(host: SharedHost): void {
    this.#readers = this.#readers.filter((each) => each.host !== host && each.host !== null);
  }

  succeeded(value: number, readAtMs: number, nowMs: number): void {
    for (const reader of this.#readers) {
      try {
        reader.succeeded(value, readAtMs, nowMs);
      } catch (thrown) {
        reader.threw(thrown, nowMs);
      }
    }
  }

  failed(failure: MySQLFailure, atMs: number): void {
    for (const reader of this.#readers) {
      try {
        reader.failed(failure, atMs);
      } catch (thrown) {
        reader.threw(thrown, atMs);
      }
    }
  }
}
