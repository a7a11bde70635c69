/**
 * One metric of a store in its probe thread: the readings of its hosts, and its value on the board.
 * The value is aggregated and published at the moment a reading arrives, so that a check never
 * waits for an interval to end.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from '../../base/log.js';
import type { MySQLFailure } from '../../base/mysql/failure.js';
import { type Board, encodeHost } from '../../board/board.js';
import type { MetricDescription, MetricProbeStatistics } from '../../contracts/probe.js';
import type { MetricPublisher, StorePublication } from '../../contracts/publisher.js';
import type { MetricAssignment } from '../../contracts/stores.js';
import { type Measurement, MetricState } from '../../throttle/metric.js';
import { emptyAggregate, HostReadings } from './aggregation.js';
import { CatchUp } from './catch-up.js';
import { StoreCounters } from './counters.js';
import type { CheckedMetric } from './host-checks.js';
import { NEGATIVE_VALUE, type ReadMetric } from './metric-host.js';
import { type Crossing, ThresholdLog } from './threshold-log.js';
import { ThresholdReader } from './threshold-reader.js';

/** Of the store. */
export interface MetricContext {
  readonly store: string;
  readonly board: Board;
  readonly publisher: MetricPublisher;
  readonly logger: Logger;
}

/**
 * A metric that has not been published for this long is published again, so that its state does not
 * expire on the board. An empty list needs that above all: it has no readings. Where values are
 * reused, it is healthy by them at each tick.
 */
const REPUBLISH_AFTER_MS = 1_000;

/** What `sinceMs` of a measurement is about. */
type SinceCondition = 'none' | 'within' | 'above';

type EncodedHost = ReturnType<typeof encodeHost>;

export class ProbedMetric implements ReadMetric, CheckedMetric {
  readonly counters = new StoreCounters();
  /** Name for the log; empty: the store has no other metric. */
  label = '';
  readonly #context: MetricContext;
  readonly #publication: StorePublication;
  readonly #thresholdLog: ThresholdLog;
  /** One closure for all readings: they are frequent. */
  readonly #crossing = (): Crossing => this.#describeCrossing();
  readonly #aggregate = emptyAggregate();
  readonly #measurement: { -readonly [K in keyof Measurement]: Measurement[K] };
  #assignment: MetricAssignment;
  readonly #thresholds: ThresholdReader;
  #addresses: readonly string[] = [];
  #indexes: ReadonlyMap<string, number> = new Map();
  #encodedHosts: readonly EncodedHost[] = [];
  #readings = new HostReadings(0);
  #catchUp = new CatchUp(0);
  /** Addresses of hosts that their HTTP check leaves out. */
  readonly #leftOut = new Set<string>();
  /** Null: not probing. */
  #term: number | null = null;
  /** Readings from before this `monotonicMs()` are discarded. */
  #discardBeforeMs = 0;
  #judgement: SinceCondition | null = null;
  #publishedAtMs = 0;
  /** Whether the readings had a value, since the last time that they were discarded. */
  #hadValue = false;

  constructor(assignment: MetricAssignment, context: MetricContext) {
    const { settings, isOwn, slot, generation } = assignment;
    this.#assignment = assignment;
    this.#context = context;
    this.#publication = context.publisher.open(context.store, isOwn ? undefined : settings.name);
    this.#thresholdLog = new ThresholdLog(context.store, context.logger);
    this.#thresholds = new ThresholdReader(context.board, slot);
    this.#measurement = {
      generation,
      term: 0,
      state: MetricState.nothing,
      value: 0,
      readAtMs: 0,
      lastHealthyMs: 0,
      sinceMs: 0,
      errorText: '',
    };
  }

  get name(): string {
    return this.#assignment.settings.name;
  }

  get addresses(): readonly string[] {
    return this.#addresses;
  }

  get statistics(): MetricProbeStatistics {
    const { total, error, seconds } = this.counters;
    const readings = this.#term === null ? new HostReadings(0) : this.#readings;
    return {
      metric: this.name,
      isOwn: this.#assignment.isOwn,
      total,
      error,
      seconds,
      failingHosts: readings.failing,
      leftOutHosts: readings.leftOut,
      catchingUpHosts: readings.catchingUp,
      negativeHosts: readings.countBelow(NEGATIVE_VALUE),
    };
  }

  /**
   * Changed settings of the same slot. Returns whether the readings so far no longer count. The
   * hosts follow by `setHosts`.
   */
  apply(assignment: MetricAssignment, nowMs: number): boolean {
    const before = this.#assignment;
    this.#assignment = assignment;
    const isSame =
      assignment.generation === before.generation &&
      isDeepStrictEqual(assignment.settings.measured, before.settings.measured);
    if (isSame) return false;
    this.#discardReadings(nowMs);
    this.#readings.forget();
    return true;
  }

  /** Publishes under that term, or (null) nothing any more. */
  lead(term: number | null, nowMs: number): void {
    this.#term = term;
    this.#publication.withdraw();
    if (term === null) return;
    this.#thresholdLog.reset();
    this.#measurement.term = term;
    this.#leftOut.clear();
    this.#readings = new HostReadings(this.#addresses.length);
    this.#catchUp = new CatchUp(this.#addresses.length);
    this.#discardReadings(nowMs);
    this.publish(nowMs);
  }

  /**
   * The hosts from now on, by address; those that stay keep their readings. To be published with
   * what is known of new ones.
   */
  setHosts(addresses: readonly string[]): void {
    const before = this.#indexes;
    const readings = new HostReadings(addresses.length);
    const catchUp = new CatchUp(addresses.length);
    for (const [host, address] of addresses.entries()) {
      const present = before.get(address);
      if (present === undefined) continue;
      readings.copyHost(host, this.#readings, present);
      catchUp.copyHost(host, this.#catchUp, present);
    }
    for (const [host, address] of addresses.entries()) {
      readings.setLeftOut(host, this.#leftOut.has(address));
    }
    this.#addresses = addresses;
    this.#indexes = new Map(addresses.map((address, host) => [address, host]));
    this.#encodedHosts = addresses.map(encodeHost);
    this.#readings = readings;
    this.#catchUp = catchUp;
  }

  setLeftOut(address: string, leftOut: boolean, nowMs: number): void {
    if (this.#leftOut.has(address) === leftOut) return;
    if (leftOut) this.#leftOut.add(address);
    else this.#leftOut.delete(address);
    const host = this.#indexes.get(address);
    if (host === undefined) return;
    this.#readings.setLeftOut(host, leftOut);
    this.publish(nowMs);
  }

  tick(nowMs: number): void {
    const isReused = this.#assignment.settings.cacheMs > 0;
    if (isReused || nowMs - this.#publishedAtMs >= REPUBLISH_AFTER_MS) this.publish(nowMs);
  }

  hostSucceeded(host: number, value: number, readAtMs: number, nowMs: number): void {
    this.setValue(host, value, readAtMs, nowMs);
    this.publish(nowMs);
  }

  hostFailed(host: number, failure: MySQLFailure, atMs: number): void {
    this.setFailure(host, failure, atMs);
    this.publish(atMs);
  }

  /** While the metric has no value at all, it is not collected yet, whichever host is late. */
  hostLate(host: number, failure: MySQLFailure, atMs: number): void {
    if (this.#hadValue && this.#readings.isUnread(host)) this.hostFailed(host, failure, atMs);
  }

  /** Of many values, each is set and all are published together. */
  setValue(host: number, value: number, readAtMs: number, nowMs: number): void {
    if (readAtMs < this.#discardBeforeMs) return;
    const { catchUp } = this.#assignment.settings;
    const threshold = catchUp === null ? 0 : this.#thresholdInForce;
    this.#readings.setValue(host, value, readAtMs);
    this.#readings.setCatchingUp(
      host,
      this.#catchUp.afterValue(host, value, catchUp, threshold, nowMs),
    );
  }

  setFailure(host: number, { text, unreachable }: MySQLFailure, atMs: number): void {
    const { catchUp } = this.#assignment.settings;
    this.#readings.setError(host, text, unreachable, atMs);
    this.#readings.setCatchingUp(host, this.#catchUp.afterError(host, catchUp, atMs));
  }

  describe(): MetricDescription {
    return {
      metric: this.name,
      hosts: this.#addresses,
      ...this.#readings.describe(this.#assignment.settings),
    };
  }

  /** Readings from before now are no longer used. */
  #discardReadings(nowMs: number): void {
    this.#discardBeforeMs = nowMs;
    this.#measurement.generation = this.#assignment.generation;
    this.#measurement.lastHealthyMs = 0;
    this.#judgement = null;
    this.#hadValue = false;
  }

  publish(nowMs: number): void {
    if (this.#term === null) return;
    const { settings, slot, leftOut } = this.#assignment;
    const { state, value, readAtMs, host, errorText } = this.#readings.aggregate(
      settings,
      nowMs,
      this.#aggregate,
    );
    const measurement = this.#measurement;
    measurement.state = state;
    measurement.value = value;
    measurement.readAtMs = readAtMs;
    const isWithout = state === MetricState.noHosts && errorText === '';
    measurement.errorText = isWithout ? leftOut : errorText;
    this.#judge(nowMs);
    const encodedHost = host < 0 ? undefined : this.#encodedHosts[host];
    this.#context.board.publishMeasurement(slot, measurement, encodedHost);
    this.#publication.publish(state, value);
    this.#publishedAtMs = nowMs;
  }

  get #thresholdInForce(): number {
    return this.#thresholds.inForce(this.#assignment.settings.threshold);
  }

  #judge(nowMs: number): void {
    const measurement = this.#measurement;
    let judgement: SinceCondition = 'none';
    if (measurement.state === MetricState.ok) {
      this.#hadValue = true;
      const exceeds = measurement.value > this.#thresholdInForce;
      if (!exceeds) measurement.lastHealthyMs = nowMs;
      this.#thresholdLog.observe(exceeds, nowMs, this.#crossing);
      judgement = exceeds ? 'above' : 'within';
    }
    if (judgement === this.#judgement) return;
    this.#judgement = judgement;
    measurement.sinceMs = nowMs;
  }

  #describeCrossing(): Crossing {
    return {
      ...(this.label !== '' && { metric: this.label }),
      host: this.#addresses[this.#aggregate.host] ?? '',
      value: this.#measurement.value,
      threshold: this.#thresholdInForce,
    };
  }
}
