/** One host of a store in its probe thread: the connection that its metrics share, and its log. */
import type { ResolverClient } from '../../base/dns-resolver.js';
import type { Logger } from '../../base/log.js';
import type { Login } from '../../base/mysql/connection.js';
import type { MySQLFailure } from '../../base/mysql/failure.js';
import type { ProbeTarget } from '../../contracts/stores.js';
import { FailureLog } from './failure-log.js';
import { CHECK_INTERVAL_MS, type HttpChecker } from './http-check.js';
import type { MetricHost, SharedHost } from './metric-host.js';
import { type ConnectionListener, MysqlProbe } from './mysql/probe.js';
import type { ProbeCounters } from './mysql/probe-query.js';
import type { Openable } from './probe-scheduler.js';

const MESSAGES = {
  failed: 'cannot read metric from host',
  recovered: 'host is readable again',
} as const;

/** Shared by the hosts of one store. */
export interface HostContext {
  readonly store: string;
  readonly httpChecker: HttpChecker;
  readonly logger: Logger;
  /** Of the store. */
  readonly counters: ProbeCounters;
  readonly resolver: ResolverClient;
}

export class ProbedHost implements Openable, ConnectionListener, SharedHost {
  /** Whether an HTTP check decides if the host counts. */
  isChecked = false;
  readonly #context: HostContext;
  readonly #probe: MysqlProbe;
  readonly #log: FailureLog;
  #members: readonly MetricHost[] = [];
  #nextSkipMs = 0;
  #sessionLogged = false;

  constructor(target: ProbeTarget, login: Login, context: HostContext) {
    const { store, logger, resolver, counters } = context;
    this.#context = context;
    this.#probe = new MysqlProbe(target, login, resolver, this, counters);
    this.#log = new FailureLog(logger, { store, host: this.address }, MESSAGES);
  }

  /** `host:port`. */
  get address(): string {
    return this.#probe.address;
  }

  /** Whether no metric reads from the host any more. */
  get isUnused(): boolean {
    return this.#members.length === 0;
  }

  get isFailing(): boolean {
    return this.#log.isOpen;
  }

  add(member: MetricHost): void {
    this.#setMembers([...this.#members, member]);
  }

  remove(member: MetricHost): void {
    this.#setMembers(this.#members.filter((other) => other !== member));
  }

  /** Probes at once, whatever is cached. */
  open(nowMs: number): void {
    this.#nextSkipMs = nowMs;
    this.#probe.open(nowMs);
  }

  close(): void {
    this.#probe.close();
  }

  tick(nowMs: number): void {
    this.#probe.tick(nowMs);
    if (nowMs >= this.#nextSkipMs) this.#countSkippedCheck(nowMs);
  }

  failed(failure: MySQLFailure, atMs: number): void {
    this.logFailure('', failure, atMs);
    for (const member of this.#members) member.connectionFailed(failure, atMs);
  }

  logFailure(metric: string, { text }: MySQLFailure, atMs: number): void {
    this.#log.failed(text, atMs, metric);
  }

  memberRecovered(): void {
    if (!this.#members.some(({ isFailing }) => isFailing)) this.#log.recovered();
  }

  logNegative(metric: string, value: number): void {
    const { logger, store } = this.#context;
    logger.warn(
      { store, host: this.address, ...(metric !== '' && { metric }), value },
      'the metric of a host is negative: if it is lag, check NTP on the hosts of the heartbeat',
    );
  }

  /** Once per host: the setting stays refused at each new connection. */
  sessionRefused(reason: string): void {
    if (this.#sessionLogged) return;
    this.#sessionLogged = true;
    const { logger, store } = this.#context;
    logger.warn(
      { store, host: this.address, error: reason },
      'the server refused settings of the session',
    );
  }

  #setMembers(members: readonly MetricHost[]): void {
    this.#members = members;
    this.#probe.setQueries(members.map(({ query }) => query));
  }

  #countSkippedCheck(nowMs: number): void {
    this.#nextSkipMs = nowMs + CHECK_INTERVAL_MS;
    if (!this.isChecked) this.#context.httpChecker.countSkipped();
  }
}
