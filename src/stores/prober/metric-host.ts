/** One host of a metric that is read from MySQL servers: takes its readings to the metric. */
import { messageOf } from '../../base/errors.js';
import { hostFailure, type MySQLFailure } from '../../base/mysql/failure.js';
import type { Metric } from './mysql/metric.js';
import type { ProbeCounters, ProbeQuery, ReadingListener } from './mysql/probe-query.js';

/**
 * A value below this is probably the lag by a heartbeat that lies in the future. By less, clocks
 * that are kept by NTP may differ.
 */
export const NEGATIVE_VALUE = -1;

/** A host whose value stays negative is reported this often. */
const NEGATIVE_INTERVAL_MS = 3_600_000;

/** The metric of a host. */
export interface ReadMetric {
  /** Name for the log; empty: the store has no other metric. */
  readonly label: string;
  readonly counters: ProbeCounters;
  /** `host`: index in the list of the metric. */
  hostSucceeded(host: number, value: number, readAtMs: number, nowMs: number): void;
  hostFailed(host: number, failure: MySQLFailure, atMs: number): void;
  /** The host joined a while ago: if it is not read yet, its failure is this one. */
  hostLate(host: number, failure: MySQLFailure, atMs: number): void;
}

/** What the metrics of a store share of a host: its probe, and the log of it. */
export interface SharedHost {
  readonly address: string;
  /** Whether a failure was logged, and no recovery yet. */
  readonly isFailing: boolean;
  add(member: MetricHost): void;
  remove(member: MetricHost): void;
  /** A metric asks for something else. */
  memberChanged(): void;
  /** A metric cannot be read. */
  logFailure(metric: string, failure: MySQLFailure, atMs: number): void;
  logNegative(metric: string, value: number): void;
  /** A metric is readable again. */
  memberRecovered(): void;
}

/** What a metric asks of all its hosts. */
export interface AskedMetric {
  readonly measured: Metric;
  /** As of `queryKey`. */
  readonly queryKey: string;
  /** How long a value is reused; 0: not at all. */
  readonly cacheMs: number;
}

export class MetricHost implements ReadingListener {
  /** Index in the list of the metric; -1 when it is no longer listed. */
  index = -1;
  /** What reads it; null: nothing has yet. */
  query: ProbeQuery | null = null;
  readonly #metric: ReadMetric;
  #asked: AskedMetric;
  #host: SharedHost | null = null;
  #isFailing = false;
  #negativeAtMs = Number.NEGATIVE_INFINITY;

  constructor(metric: ReadMetric, asked: AskedMetric) {
    this.#metric = metric;
    this.#asked = asked;
  }

  get isFailing(): boolean {
    return this.#isFailing;
  }

  get asked(): AskedMetric {
    return this.#asked;
  }

  get counters(): ProbeCounters {
    return this.#metric.counters;
  }

  /** Null: the metric no longer lists it. */
  get host(): SharedHost | null {
    return this.#host;
  }

  ask(asked: AskedMetric): void {
    if (asked.queryKey === this.#asked.queryKey) return;
    this.#asked = asked;
    this.#host?.memberChanged();
  }

  /** Reads by the probe of that host from now on. */
  attach(host: SharedHost): void {
    if (host === this.#host) return;
    this.#host?.remove(this);
    this.#host = host;
    this.#isFailing = host.isFailing;
    host.add(this);
  }

  /** The metric no longer lists the host. */
  detach(): void {
    this.index = -1;
    this.#host?.remove(this);
    this.#host = null;
  }

  succeeded(value: number, readAtMs: number, nowMs: number): void {
    if (this.index < 0) return;
    if (this.#isFailing) {
      this.#isFailing = false;
      this.#host?.memberRecovered();
    }
    if (value < NEGATIVE_VALUE && nowMs - this.#negativeAtMs >= NEGATIVE_INTERVAL_MS) {
      this.#negativeAtMs = nowMs;
      this.#host?.logNegative(this.#metric.label, value);
    }
    this.#metric.hostSucceeded(this.index, value, readAtMs, nowMs);
  }

  failed(failure: MySQLFailure, atMs: number): void {
    if (this.index < 0) return;
    this.#host?.logFailure(this.#metric.label, failure, atMs);
    this.connectionFailed(failure, atMs);
  }

  /** What takes a reading to the metric has thrown that: an error of this metric alone. */
  threw(thrown: unknown, atMs: number): void {
    try {
      this.failed(hostFailure(this.#host?.address ?? '', messageOf(thrown)), atMs);
    } catch {
      // It is logged by now. A metric that takes no error either ends by the age of its value.
    }
  }

  /** All metrics of the host fail, and the host has logged it. */
  connectionFailed(failure: MySQLFailure, atMs: number): void {
    if (this.index < 0) return;
    this.#isFailing = true;
    this.#metric.hostFailed(this.index, failure, atMs);
  }

  /** The host joined a while ago. `failure`: for the case that the metric is not read yet. */
  late(failure: MySQLFailure, atMs: number): void {
    if (this.index >= 0) this.#metric.hostLate(this.index, failure, atMs);
  }
}
