/**
 * Counters of probes: one set per metric, one per store, and one for the whole thread. A probe that
 * stores share counts for each of them, and once for the thread.
 */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { type DurationCounts, Durations } from '../../base/durations.js';
import type { ProbeCounters } from './mysql/probe-query.js';

const LATENCY_MAX_NS = 60e9;

const BOUNDS_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

/** All probes of a thread since its start. */
export class ThreadCounters implements ProbeCounters {
  total = 0;
  error = 0;
  /** Nanoseconds. */
  readonly latency: RecordableHistogram = createHistogram({
    lowest: 1,
    highest: LATENCY_MAX_NS,
    figures: 3,
  });
  readonly #durations = new Durations(BOUNDS_SECONDS);

  get durations(): DurationCounts {
    return this.#durations.counted;
  }

  finished(tookMs: number): void {
    this.total++;
    this.latency.record(Math.min(LATENCY_MAX_NS, Math.max(1, Math.round(tookMs * 1e6))));
    this.#durations.record(tookMs);
  }

  failed(): void {
    this.error++;
  }
}

/** The probes of one store, or of one of its metrics, since it was assigned to the thread. */
export class StoreCounters implements ProbeCounters {
  total = 0;
  error = 0;
  seconds = 0;

  finished(tookMs: number): void {
    this.total++;
    this.seconds += tookMs / 1000;
  }

  failed(): void {
    this.error++;
  }
}
