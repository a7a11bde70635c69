/**
 * One host of a store in its probe thread: the connection that its metrics share, and its log.
 *
 * A connection that must be renewed (connection-age.ts) queries on until its successor is ready, so
 * that no value is missed.
 */
import { monotonicMs } from '../../base/clock.js';
import type { ResolverClient } from '../../base/dns-resolver.js';
import { cutText } from '../../base/foreign-text.js';
import type { Logger } from '../../base/log.js';
import type { Login } from '../../base/mysql/connection.js';
import { ConnectionAge } from '../../base/mysql/connection-age.js';
import type { MySQLFailure } from '../../base/mysql/failure.js';
import type { StoreTurn } from '../../board/store-turns.js';
import type { ProbeTarget } from '../../contracts/stores.js';
import { type FailureLines, FailureLog } from './failure-log.js';
import { CHECK_INTERVAL_MS, type HttpChecker } from './http-check.js';
import type { MetricHost, SharedHost } from './metric-host.js';
import type { ConnectionListener } from './mysql/connection-listener.js';
import { GatedProbe } from './mysql/gated-probe.js';
import type { LoginGate } from './mysql/login-gate.js';
import type { MysqlProbe } from './mysql/probe.js';
import type { ProbeCounters } from './mysql/probe-query.js';
import type { Openable } from './probe-scheduler.js';

const MESSAGES = {
  failed: 'cannot read metric from host',
  recovered: 'host is readable again',
} as const;

/**
 * A host that joins a store with a value, and is not read within this time, is an error like
 * others: what may be ignored must not hold all writers until its time-out.
 */
const LATE_AFTER_MS = 200;

/** Shared by the hosts of one store. */
export interface HostContext {
  readonly store: string;
  readonly turn: StoreTurn;
  readonly httpChecker: HttpChecker;
  readonly logger: Logger;
  /** For failures of hosts, which may be many at once. */
  readonly lines: FailureLines;
  /** Of the store. */
  readonly counters: ProbeCounters;
  readonly resolver: ResolverClient;
  /** Of the thread. */
  readonly logins: LoginGate;
  /** That of the settings now. */
  readonly connectionMaxAgeMs: () => number;
}

export class ProbedHost implements Openable, SharedHost {
  /** Whether an HTTP check decides if the host counts. */
  isChecked = false;
  readonly #target: ProbeTarget;
  readonly #login: Login;
  readonly #context: HostContext;
  readonly #log: FailureLog;
  readonly #age: ConnectionAge;
  #probe: MysqlProbe;
  /** Connects in order to replace the probe; null: the connection need not be renewed. */
  #successor: MysqlProbe | null = null;
  /** Address to which the successor is connected. */
  #successorPeer = '';
  #members: readonly MetricHost[] = [];
  /** Of the members, those that the probe queries. */
  #queried: readonly MetricHost[] = [];
  #nextSkipMs = 0;
  #sessionLogged = false;
  /** When metrics that joined last are late; infinite: none did since it was last looked at. */
  #lateAtMs = Number.POSITIVE_INFINITY;

  constructor(target: ProbeTarget, login: Login, context: HostContext) {
    this.#target = target;
    this.#login = login;
    this.#context = context;
    this.#age = new ConnectionAge(target.host, context.resolver.lookup);
    this.#probe = this.#newProbe();
    this.#log = new FailureLog(
      context.lines,
      { store: context.store, host: this.address },
      MESSAGES,
    );
  }

  get turn(): StoreTurn {
    return this.#context.turn;
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

  /** As of its probe. */
  get isReached(): boolean {
    return this.#probe.isReached;
  }

  /** A probe without queries, which its caller opens, ticks and closes. */
  trialProbe(listener: ConnectionListener): MysqlProbe {
    const { resolver, counters, logins } = this.#context;
    return new GatedProbe(this.#target, this.#login, resolver, listener, counters, logins);
  }

  add(member: MetricHost): void {
    this.#setMembers([...this.#members, member]);
    this.#lateAtMs = monotonicMs() + LATE_AFTER_MS;
  }

  remove(member: MetricHost): void {
    this.#setMembers(this.#members.filter((other) => other !== member));
  }

  /** Probes at once, whatever is cached. */
  open(nowMs: number): void {
    this.#nextSkipMs = nowMs;
    this.#lateAtMs = nowMs + LATE_AFTER_MS;
    this.#probe.open(nowMs);
  }

  close(): void {
    this.#dropSuccessor();
    this.#probe.close();
  }

  tick(nowMs: number): void {
    if (this.#successor !== null) this.#advanceSuccessor(this.#successor, nowMs);
    else if (!this.#probe.isConnected) this.#query(this.#members);
    else if (this.#isSharedTooLate || this.#age.reason(nowMs) !== null) this.#succeed(nowMs);
    this.#probe.tick(nowMs);
    if (nowMs >= this.#nextSkipMs) this.#countSkippedCheck(nowMs);
    if (nowMs >= this.#lateAtMs) this.#reportLate(nowMs);
  }

  /** While all values are reused, and nothing else is due. */
  get restsUntilMs(): number {
    if (this.#successor !== null || this.#isSharedTooLate || !this.#probe.isIdle) return 0;
    return Math.min(this.#probe.queries.cachedUntilMs, this.#nextSkipMs, this.#lateAtMs);
  }

  threw(thrown: unknown): void {
    this.#probe.threw(thrown);
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
      { store, host: this.address, error: cutText(reason) },
      'the server refused settings of the session',
    );
  }

  #newProbe(): MysqlProbe {
    const { resolver, counters, connectionMaxAgeMs, logins } = this.#context;
    const probe: MysqlProbe = new GatedProbe(
      this.#target,
      this.#login,
      resolver,
      {
        failed: (failure, atMs) => {
          if (probe === this.#probe) this.failed(failure, atMs);
          else if (probe === this.#successor) this.#successorFailed(probe, failure, atMs);
        },
        sessionRefused: (reason) => this.sessionRefused(reason),
        connected: (peer, atMs) => {
          if (probe === this.#probe) this.#age.connected(peer, connectionMaxAgeMs(), atMs);
          else this.#successorPeer = peer;
        },
      },
      counters,
      logins,
    );
    return probe;
  }

  #setMembers(members: readonly MetricHost[]): void {
    this.#dropSuccessor();
    this.#members = members;
    const isHeldBack = this.#isSharedTooLate;
    this.#query(isHeldBack ? members.filter((each) => this.#queried.includes(each)) : members);
  }

  /**
   * Whether the connection was made for a single metric, and several use it: a query that is too
   * slow would end it, and fail them all.
   */
  get #isSharedTooLate(): boolean {
    return this.#members.length > 1 && this.#probe.isConnected && !this.#probe.isShared;
  }

  #query(members: readonly MetricHost[]): void {
    if (members === this.#queried) return;
    this.#queried = members;
    this.#probe.setQueries(members.map(({ query }) => query));
  }

  #succeed(nowMs: number): void {
    this.#successor = this.#newProbe();
    this.#successor.expectedQueries = this.#members.length;
    this.#successor.open(nowMs);
  }

  /** A probe that has lost its connection makes a new one itself, with the old one's duties. */
  #advanceSuccessor(successor: MysqlProbe, nowMs: number): void {
    if (!this.#probe.isConnected) {
      this.#dropSuccessor();
      return;
    }
    successor.tick(nowMs);
    if (successor === this.#successor && successor.isIdle && this.#probe.isIdle) {
      this.#replaceProbe(successor);
      this.#age.connected(this.#successorPeer, this.#context.connectionMaxAgeMs(), nowMs);
    }
  }

  /**
   * The old connection stays for a while, in case that this passes; where the server has no place
   * for a new one, it stays as long as it works.
   */
  #successorFailed(successor: MysqlProbe, failure: MySQLFailure, atMs: number): void {
    if (failure.isFull || !this.#age.isOverdue(atMs)) return;
    this.#replaceProbe(successor);
    this.failed(failure, atMs);
  }

  #replaceProbe(successor: MysqlProbe): void {
    const before = this.#probe;
    this.#probe = successor;
    this.#successor = null;
    before.setQueries([]);
    before.close();
    this.#queried = [];
    this.#query(this.#members);
  }

  #dropSuccessor(): void {
    this.#successor?.close();
    this.#successor = null;
  }

  #reportLate(nowMs: number): void {
    this.#lateAtMs = Number.POSITIVE_INFINITY;
    const failure = this.#probe.lateFailure(LATE_AFTER_MS);
    for (const member of this.#members) member.late(failure, nowMs);
  }

  #countSkippedCheck(nowMs: number): void {
    this.#nextSkipMs = nowMs + CHECK_INTERVAL_MS;
    if (!this.isChecked) this.#context.httpChecker.countSkipped();
  }
}
