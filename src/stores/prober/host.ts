/**
 * One host of a store in its probe thread: the metrics that read it, and its log. Its probe may be
 * that of other stores too (host-probe.ts).
 */
import { formatAddress } from '../../base/address.js';
import { monotonicMs } from '../../base/clock.js';
import type { ResolverClient } from '../../base/dns-resolver.js';
import { messageOf } from '../../base/errors.js';
import { cutText } from '../../base/foreign-text.js';
import type { Logger } from '../../base/log.js';
import type { Login } from '../../base/mysql/connection.js';
import type { MySQLFailure } from '../../base/mysql/failure.js';
import type { StoreTurn } from '../../board/store-turns.js';
import type { ProbeTarget } from '../../contracts/stores.js';
import { probeKey } from '../shared/probe-identity.js';
import { type FailureLines, FailureLog } from './failure-log.js';
import type { HostProbe, ProbeUser } from './host-probe.js';
import type { HostProbes } from './host-probes.js';
import { CHECK_INTERVAL_MS, type HttpChecker } from './http-check.js';
import type { MetricHost, SharedHost } from './metric-host.js';
import type { ConnectionListener } from './mysql/connection-listener.js';
import type { MysqlProbe } from './mysql/probe.js';
import type { ProbeCounters } from './mysql/probe-query.js';

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
  readonly probes: HostProbes;
  /** That of the settings now. */
  readonly connectionMaxAgeMs: () => number;
}

/** How all hosts of a store with one login are logged in to. */
export interface HostLogin {
  readonly login: Login;
  /** As of `loginKey`. */
  readonly key: string;
}

export class ProbedHost implements ProbeUser, SharedHost {
  /** Whether an HTTP check decides if the host counts. */
  isChecked = false;
  readonly target: ProbeTarget;
  /** `host:port`. */
  readonly address: string;
  readonly #login: HostLogin;
  readonly #context: HostContext;
  readonly #log: FailureLog;
  #members: readonly MetricHost[] = [];
  /** Null: it is not probed. */
  #probe: HostProbe | null = null;
  /** Whether the probe does not know the members yet. */
  #isChanged = false;
  #nextSkipMs = Number.POSITIVE_INFINITY;
  #sessionLogged = false;
  /** When metrics that joined last are late; infinite: none did since it was last looked at. */
  #lateAtMs = Number.POSITIVE_INFINITY;

  constructor(target: ProbeTarget, login: HostLogin, context: HostContext) {
    this.target = target;
    this.address = formatAddress(target);
    this.#login = login;
    this.#context = context;
    const fields = { store: context.store, host: this.address };
    this.#log = new FailureLog(context.lines, fields, MESSAGES);
  }

  get turn(): StoreTurn {
    return this.#context.turn;
  }

  get login(): Login {
    return this.#login.login;
  }

  get resolver(): ResolverClient {
    return this.#context.resolver;
  }

  get counters(): ProbeCounters {
    return this.#context.counters;
  }

  get connectionMaxAgeMs(): number {
    return this.#context.connectionMaxAgeMs();
  }

  get members(): readonly MetricHost[] {
    return this.#members;
  }

  get dueAtMs(): number {
    return Math.min(this.#nextSkipMs, this.#lateAtMs);
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
    return this.#probe?.isReached ?? false;
  }

  /** A probe without queries, which its caller opens, ticks and closes. */
  trialProbe(listener: ConnectionListener): MysqlProbe {
    return this.#context.probes.trial(this, listener);
  }

  add(member: MetricHost): void {
    this.#setMembers([...this.#members, member]);
    this.#lateAtMs = monotonicMs() + LATE_AFTER_MS;
  }

  remove(member: MetricHost): void {
    this.#setMembers(this.#members.filter((other) => other !== member));
  }

  memberChanged(): void {
    this.#isChanged = true;
  }

  /** Is read soon, whatever is cached. */
  start(): void {
    const { probes } = this.#context;
    if (this.#probe === null) this.#probe = probes.join(this, this.#key);
    else probes.restart(this, this.#probe);
    this.#isChanged = false;
  }

  stop(): void {
    if (this.#probe !== null) this.#context.probes.leave(this, this.#probe);
    this.#probe = null;
  }

  /** Has the probe ask for what the members read now. */
  settle(): void {
    if (this.#probe === null) this.start();
    else if (this.#isChanged) {
      this.#isChanged = false;
      this.#probe = this.#context.probes.change(this, this.#probe, this.#key);
    }
  }

  /** Its next query is due as soon as its values are not reused. */
  wake(): void {
    if (this.#probe !== null) this.#context.probes.wake(this.#probe);
  }

  opened(nowMs: number): void {
    this.#nextSkipMs = nowMs;
    this.#lateAtMs = nowMs + LATE_AFTER_MS;
  }

  runDue(probe: MysqlProbe, nowMs: number): void {
    if (nowMs >= this.#nextSkipMs) this.#countSkippedCheck(nowMs);
    if (nowMs >= this.#lateAtMs) this.#reportLate(probe, nowMs);
  }

  failed(failure: MySQLFailure, atMs: number): void {
    this.logFailure('', failure, atMs);
    for (const member of this.#members) member.connectionFailed(failure, atMs);
  }

  threw(thrown: unknown, atMs: number): void {
    this.#log.failed(messageOf(thrown), atMs);
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

  get #key(): string {
    return probeKey(this.#login.key, new Set(this.#members.map(({ asked }) => asked.queryKey)));
  }

  #setMembers(members: readonly MetricHost[]): void {
    this.#members = members;
    this.#isChanged = true;
  }

  #reportLate(probe: MysqlProbe, nowMs: number): void {
    this.#lateAtMs = Number.POSITIVE_INFINITY;
    const failure = probe.lateFailure(LATE_AFTER_MS);
    for (const member of this.#members) member.late(failure, nowMs);
  }

  #countSkippedCheck(nowMs: number): void {
    this.#nextSkipMs = nowMs + CHECK_INTERVAL_MS;
    if (!this.isChecked) this.#context.httpChecker.countSkipped();
  }
}
