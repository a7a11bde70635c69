/** One host of a cluster in its probe thread: the probe, the HTTP check, and the log of both. */
import { monotonicMs } from '../../base/clock.js';
import type { ResolverClient } from '../../base/dns-resolver.js';
import type { Logger } from '../../base/log.js';
import type { MySQLFailure } from '../../base/mysql/failure.js';
import type { ProbeTarget } from '../../contracts/stores.js';
import type { ClusterReadings } from './aggregation.js';
import { CHECK_INTERVAL_MS, type HttpChecker } from './http-check.js';
import {
  MysqlProbe,
  type ProbeCounters,
  type ProbeListener,
  type ProbeSettings,
} from './mysql/probe.js';
import type { Scheduled } from './probe-scheduler.js';

/** A host that keeps failing and recovering, or changes its error, is logged at most this often. */
const LOG_INTERVAL_MS = 10_000;

/** A host that fails in many ways is logged for the first ones, until it has recovered. */
const LOGGED_ERRORS_MAX = 8;

/**
 * A value below this is probably the lag by a heartbeat that lies in the future. By less, clocks
 * that are kept by NTP may differ.
 */
export const NEGATIVE_VALUE = -1;

/** A host whose value stays negative is logged this often. */
const NEGATIVE_LOG_INTERVAL_MS = 3_600_000;

/** Shared by the hosts of one thread. */
export interface HostContext {
  readonly httpChecker: HttpChecker;
  readonly logger: Logger;
}

/** The cluster of a host. */
export interface HostOwner {
  readonly name: string;
  /** Readings from before this `monotonicMs()` are discarded. */
  readonly sinceMs: number;
  readonly readings: ClusterReadings;
  readonly counters: ProbeCounters;
  /** Shared by all hosts of the cluster. */
  readonly resolver: ResolverClient;
  /** `readings` has changed, or a host has confirmed its cached value. */
  onReading(nowMs: number): void;
}

export class ProbedHost implements Scheduled, ProbeListener {
  /** Index in the list of the cluster; -1 when it is no longer listed. */
  index = -1;
  readonly probe: MysqlProbe;
  readonly #owner: HostOwner;
  readonly #context: HostContext;
  /** Empty: none. */
  #checkUrl = '';
  #checking = false;
  #nextCheckMs = 0;
  /** The latest reading is an error. */
  #failing = false;
  /** Errors logged since the host was readable. */
  readonly #loggedErrors = new Set<string>();
  #loggedAtMs = Number.NEGATIVE_INFINITY;
  #negativeLoggedAtMs = Number.NEGATIVE_INFINITY;
  #sessionLogged = false;

  constructor(
    target: ProbeTarget,
    settings: ProbeSettings,
    owner: HostOwner,
    context: HostContext,
  ) {
    this.probe = new MysqlProbe(target, settings, owner.resolver, this, owner.counters);
    this.#owner = owner;
    this.#context = context;
  }

  /** Probes at once, whatever is cached; the first HTTP check runs beside the first probe. */
  open(nowMs: number): void {
    this.probe.open(nowMs);
    this.#nextCheckMs = nowMs;
    this.#checkIfDue(nowMs);
  }

  close(): void {
    this.probe.close();
  }

  /** Empty: no HTTP check, so that the host is not left out. */
  setCheckUrl(url: string): void {
    if (url === this.#checkUrl) return;
    this.#checkUrl = url;
    this.#nextCheckMs = 0;
    this.#applyCheck(false);
  }

  tick(nowMs: number): void {
    this.probe.tick(nowMs);
    this.#checkIfDue(nowMs);
  }

  succeeded(value: number, readAtMs: number): void {
    if (this.#failing) this.#logRecovery();
    if (value < NEGATIVE_VALUE) this.#logNegative(value, readAtMs);
    if (readAtMs < this.#owner.sinceMs) return;
    this.#owner.readings.setValue(this.index, value, readAtMs);
    this.#owner.onReading(monotonicMs());
  }

  failed(failure: MySQLFailure, atMs: number): void {
    this.#failing = true;
    if (!this.#loggedErrors.has(failure.text)) this.#logFailure(failure, atMs);
    this.#owner.readings.setError(this.index, failure.text, failure.unreachable, atMs);
    this.#owner.onReading(atMs);
  }

  cacheHit(nowMs: number): void {
    this.#owner.onReading(nowMs);
  }

  /** Once per host: the setting stays refused at each new connection. */
  sessionRefused(reason: string): void {
    if (this.#sessionLogged) return;
    this.#sessionLogged = true;
    this.#context.logger.warn(
      { store: this.#owner.name, host: this.probe.address, error: reason },
      'the server refused settings of the session',
    );
  }

  #checkIfDue(nowMs: number): void {
    if (nowMs < this.#nextCheckMs || this.#checking) return;
    this.#nextCheckMs = nowMs + CHECK_INTERVAL_MS;
    const { httpChecker } = this.#context;
    const url = this.#checkUrl;
    if (url === '') {
      httpChecker.countSkipped();
      return;
    }
    this.#checking = true;
    httpChecker.check(url, this.#owner.resolver.lookup, (leftOut) => {
      this.#checking = false;
      if (url !== this.#checkUrl || this.index < 0) return;
      this.#applyCheck(leftOut);
      this.#owner.onReading(monotonicMs());
    });
  }

  #applyCheck(leftOut: boolean): void {
    if (this.index >= 0) this.#owner.readings.setLeftOut(this.index, leftOut);
  }

  /** Each error once until the host is readable; an error that lasts is logged when it may be. */
  #logFailure(failure: MySQLFailure, atMs: number): void {
    if (atMs - this.#loggedAtMs < LOG_INTERVAL_MS) return;
    if (this.#loggedErrors.size >= LOGGED_ERRORS_MAX) return;
    this.#loggedAtMs = atMs;
    this.#loggedErrors.add(failure.text);
    const { logger } = this.#context;
    logger.warn(
      { store: this.#owner.name, host: this.probe.address, error: failure.text },
      'cannot read metric from host',
    );
  }

  #logRecovery(): void {
    this.#failing = false;
    if (this.#loggedErrors.size === 0) return;
    this.#loggedErrors.clear();
    const { logger } = this.#context;
    logger.warn({ store: this.#owner.name, host: this.probe.address }, 'host is readable again');
  }

  #logNegative(value: number, atMs: number): void {
    if (atMs - this.#negativeLoggedAtMs < NEGATIVE_LOG_INTERVAL_MS) return;
    this.#negativeLoggedAtMs = atMs;
    this.#context.logger.warn(
      { store: this.#owner.name, host: this.probe.address, value },
      'the metric of a host is negative: if it is lag, check NTP on the hosts of the heartbeat',
    );
  }
}
