/** One host of a metric that is read from MySQL servers: takes its readings to the metric. */
import type { MySQLFailure } from '../../base/mysql/failure.js';
import type { Metric } from './mysql/metric.js';
import { type ProbeCounters, ProbeQuery, type ReadingListener } from './mysql/probe-query.js';

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

/** What the metrics of a host share: its connection, and the log of it. */
export interface SharedHost {
  /** Whether a failure was logged, and no recovery yet. */
  readonly isFailing: boolean;
  add(member: MetricHost): void;
  remove(member: MetricHost): void;
  /** A metric cannot be read. */
  logFailure(metric: string, failure: MySQLFailure, atMs: number): void;
  logNegative(metric: string, value: number): void;
  /** A metric is readable again. */
  memberRecovered(): void;
}

export class MetricHost implements ReadingListener {
  /** Index in the list of the metric; -1 when it is no longer listed. */
  index = -1;
  readonly query: ProbeQuery;
  readonly #metric: ReadMetric;
  #host: SharedHost | null = null;
  #isFailing = false;
  #negativeAtMs = Number.NEGATIVE_INFINITY;

  constructor(metric: ReadMetric, measured: Metric, cacheMs: number) {
    this.#metric = metric;
    this.query = new ProbeQuery(measured, cacheMs, this, metric.counters);
  }

  get isFailing(): boolean {
    return this.#isFailing;
  }

  /** Reads by the connection of that host from now on. */
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
