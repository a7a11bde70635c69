/**
 * One host of a cluster as its probe thread sees it: the probe, the HTTP check, and what the log
 * says of both.
 */
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

/** A host that fails and recovers all the time is logged this often. */
const LOG_INTERVAL_MS = 10_000;

/** What the hosts of one thread share. */
export interface HostContext {
  readonly httpChecker: HttpChecker;
  readonly logger: Logger;
}

/** The cluster of a host. */
export interface HostOwner {
  readonly name: string;
  /** `monotonicMs()` since when readings count. */
  readonly sinceMs: number;
  readonly readings: ClusterReadings;
  readonly counters: ProbeCounters;
  /** For all its hosts. */
  readonly names: ResolverClient;
  /** Something has been read. */
  arrived(nowMs: number): void;
}

export class ProbedHost implements Scheduled, ProbeListener {
  /** Place in the list of the cluster; -1 when it is not in there. */
  index = -1;
  readonly probe: MysqlProbe;
  readonly #owner: HostOwner;
  readonly #context: HostContext;
  /** Empty: none. */
  #checkUrl = '';
  #checking = false;
  #nextCheckMs = 0;
  #failing = false;
  #logged = false;
  #loggedAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    target: ProbeTarget,
    settings: ProbeSettings,
    owner: HostOwner,
    surroundings: HostContext,
  ) {
    this.probe = new MysqlProbe(target, settings, owner.names, this, owner.counters);
    this.#owner = owner;
    this.#context = surroundings;
  }

  /** Asks at once, whatever is known; an HTTP check goes beside the first probe. */
  open(nowMs: number): void {
    this.probe.open(nowMs);
    this.#nextCheckMs = nowMs;
    this.#checkIfDue(nowMs);
  }

  close(): void {
    this.probe.close();
  }

  /** Empty: no HTTP check, and nothing leaves the host out. */
  setCheckUrl(url: string): void {
    if (url === this.#checkUrl) return;
    this.#checkUrl = url;
    this.#nextCheckMs = 0;
    this.#checked(false);
  }

  tick(nowMs: number): void {
    this.probe.tick(nowMs);
    this.#checkIfDue(nowMs);
  }

  succeeded(value: number, readAtMs: number): void {
    if (this.#failing) this.#recovered();
    if (readAtMs < this.#owner.sinceMs) return;
    this.#owner.readings.setValue(this.index, value, readAtMs);
    this.#owner.arrived(monotonicMs());
  }

  failed(failure: MySQLFailure, atMs: number): void {
    if (!this.#failing) this.#fell(failure, atMs);
    this.#owner.readings.setError(this.index, failure.text, failure.unreachable, atMs);
    this.#owner.arrived(atMs);
  }

  reused(nowMs: number): void {
    this.#owner.arrived(nowMs);
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
    httpChecker.check(url, this.#owner.names.lookup, (leftOut) => {
      this.#checking = false;
      if (url === this.#checkUrl) this.#checked(leftOut);
    });
  }

  #checked(leftOut: boolean): void {
    if (this.index >= 0) this.#owner.readings.setLeftOut(this.index, leftOut);
  }

  #fell(failure: MySQLFailure, atMs: number): void {
    this.#failing = true;
    this.#logged = atMs - this.#loggedAtMs >= LOG_INTERVAL_MS;
    if (!this.#logged) return;
    this.#loggedAtMs = atMs;
    const { logger } = this.#context;
    logger.warn(
      { store: this.#owner.name, host: this.probe.address, error: failure.text },
      'a host cannot be read',
    );
  }

  #recovered(): void {
    this.#failing = false;
    if (!this.#logged) return;
    const { logger } = this.#context;
    logger.warn({ store: this.#owner.name, host: this.probe.address }, 'a host is read again');
  }
}
