/**
 * One probe of a host: the connection and its queries, which all stores of the thread share that
 * ask the same with the same login (probe-identity.ts).
 *
 * A connection that must be renewed (connection-age.ts) queries on until its successor is ready, so
 * that no value is missed.
 */
import type { ResolverClient } from '../../base/dns-resolver.js';
import type { Login } from '../../base/mysql/connection.js';
import { ConnectionAge } from '../../base/mysql/connection-age.js';
import type { MySQLFailure } from '../../base/mysql/failure.js';
import type { StoreTurn } from '../../board/store-turns.js';
import type { ProbeTarget } from '../../contracts/stores.js';
import type { MetricHost, SharedHost } from './metric-host.js';
import type { ConnectionListener } from './mysql/connection-listener.js';
import { GatedProbe } from './mysql/gated-probe.js';
import type { LoginGate } from './mysql/login-gate.js';
import type { MysqlProbe } from './mysql/probe.js';
import type { ProbeCounters, ProbeQuery } from './mysql/probe-query.js';
import type { Openable } from './probe-scheduler.js';
import { SharedQuery } from './shared-query.js';

type Turn = Pick<StoreTurn, 'begin' | 'end'>;

/** The host as one store lists it. All users of a probe ask the same. */
export interface ProbeUser extends SharedHost {
  readonly target: ProbeTarget;
  readonly login: Login;
  readonly turn: Turn;
  readonly resolver: ResolverClient;
  /** Of the store. */
  readonly counters: ProbeCounters;
  readonly members: readonly MetricHost[];
  /** That of the settings now. */
  readonly connectionMaxAgeMs: number;
  /** `nowMs` from which `runDue` has something to do. */
  readonly dueAtMs: number;
  /** The probe is opened, also in case that it is open for others. */
  opened(nowMs: number): void;
  runDue(probe: MysqlProbe, nowMs: number): void;
  /** No metric can be read. */
  failed(failure: MySQLFailure, atMs: number): void;
  /** The server has refused settings of the session. */
  sessionRefused(reason: string): void;
  /** A call to this user has thrown that. */
  threw(thrown: unknown, atMs: number): void;
}

/** Of the thread. */
export interface HostProbeContext {
  readonly logins: LoginGate;
  readonly counters: ProbeCounters;
}

export class HostProbe implements Openable {
  /** What all users share besides the address: one object for all probes of the key. */
  key = '';
  /** That of its first user: a thread that dies in it would do so for each of them. */
  readonly turn: Turn = {
    begin: () => this.#turn?.begin(),
    end: () => this.#turn?.end(),
  };
  #turn: Turn | undefined;
  readonly #target: ProbeTarget;
  readonly #login: Login;
  readonly #resolver: ResolverClient;
  readonly #context: HostProbeContext;
  readonly #counters: ProbeCounters;
  readonly #age: ConnectionAge;
  #users: readonly ProbeUser[] = [];
  /** Those for which it is not opened yet. */
  readonly #joining = new Set<ProbeUser>();
  /** By `queryKey`. */
  readonly #shared = new Map<string, SharedQuery>();
  #queries: readonly ProbeQuery[] = [];
  /** Of these, those that are sent. */
  #sent: readonly ProbeQuery[] = [];
  #dueAtMs = Number.POSITIVE_INFINITY;
  #probe: MysqlProbe;
  /** Connects in order to replace the probe; null: the connection need not be renewed. */
  #successor: MysqlProbe | null = null;
  /** Address to which the successor is connected. */
  #successorPeer = '';

  /** As that user would connect. */
  constructor({ target, login, resolver }: ProbeUser, context: HostProbeContext) {
    this.#target = target;
    this.#login = { ...login, turn: this.turn };
    this.#resolver = resolver;
    this.#context = context;
    this.#counters = countersOf(context, () => this.#users);
    this.#age = new ConnectionAge(target.host, resolver.lookup);
    this.#probe = this.#newProbe();
  }

  get users(): number {
    return this.#users.length;
  }

  /** As of its `MysqlProbe`. */
  get isReached(): boolean {
    return this.#probe.isReached;
  }

  /** To be opened afterwards. */
  join(user: ProbeUser): void {
    this.#setUsers([...this.#users, user]);
    this.restart(user);
    this.#addQueries(user);
  }

  /** The user has a reading of each metric from now on: to be opened afterwards. */
  restart(user: ProbeUser): void {
    this.#joining.add(user);
  }

  /** Its metrics have changed: if it asks for something else, it must be the only user. */
  membersChanged(user: ProbeUser): void {
    for (const shared of this.#shared.values()) shared.removeAllOf(user);
    this.#addQueries(user);
    this.#dueAtMs = Math.min(this.#dueAtMs, user.dueAtMs);
  }

  leave(user: ProbeUser): void {
    this.#setUsers(this.#users.filter((other) => other !== user));
    this.#joining.delete(user);
    for (const shared of this.#shared.values()) shared.removeAllOf(user);
  }

  /** Probes at once, whatever is cached. */
  open(nowMs: number): void {
    for (const user of this.#joining) user.opened(nowMs);
    this.#joining.clear();
    this.#dueAtMs = nowMs;
    this.#probe.open(nowMs);
  }

  close(): void {
    this.#dropSuccessor();
    this.#probe.close();
  }

  tick(nowMs: number): void {
    if (this.#successor !== null) this.#advanceSuccessor(this.#successor, nowMs);
    else if (!this.#probe.isConnected) this.#send(this.#queries);
    else if (this.#isSharedTooLate || this.#age.reason(nowMs) !== null) this.#succeed(nowMs);
    this.#probe.tick(nowMs);
    if (nowMs >= this.#dueAtMs) this.#runDue(nowMs);
  }

  /** While all values are reused, and nothing else is due. */
  get restsUntilMs(): number {
    if (this.#successor !== null || this.#isSharedTooLate || !this.#probe.isIdle) return 0;
    return Math.min(this.#probe.queries.cachedUntilMs, this.#dueAtMs);
  }

  threw(thrown: unknown): void {
    this.#probe.threw(thrown);
  }

  #setUsers(users: readonly ProbeUser[]): void {
    this.#users = users;
    this.#turn = users[0]?.turn;
  }

  #addQueries(user: ProbeUser): void {
    for (const member of user.members) {
      let shared = this.#shared.get(member.asked.queryKey);
      if (shared === undefined) {
        shared = new SharedQuery(member, this.#counters);
        this.#shared.set(member.asked.queryKey, shared);
      }
      shared.add(member);
    }
    for (const [key, shared] of this.#shared) if (shared.isUnused) this.#shared.delete(key);
    const queries = Array.from(this.#shared.values(), ({ query }) => query);
    if (isSame(queries, this.#queries)) return;
    this.#dropSuccessor();
    this.#queries = queries;
    const isHeldBack = this.#isSharedTooLate;
    this.#send(isHeldBack ? queries.filter((query) => this.#sent.includes(query)) : queries);
  }

  #failed(failure: MySQLFailure, atMs: number): void {
    for (const user of this.#users) {
      try {
        user.failed(failure, atMs);
      } catch (thrown) {
        user.threw(thrown, atMs);
      }
    }
  }

  #newProbe(): MysqlProbe {
    const listener: ConnectionListener = {
      failed: (failure, atMs) => {
        if (probe === this.#probe) this.#failed(failure, atMs);
        else if (probe === this.#successor) this.#successorFailed(probe, failure, atMs);
      },
      sessionRefused: (reason) => {
        for (const user of this.#users) user.sessionRefused(reason);
      },
      connected: (peer, atMs) => {
        if (probe === this.#probe) this.#connected(peer, atMs);
        else this.#successorPeer = peer;
      },
    };
    const { logins } = this.#context;
    const probe: MysqlProbe = new GatedProbe(
      ...([this.#target, this.#login, this.#resolver] as const),
      ...([listener, this.#counters, logins] as const),
    );
    return probe;
  }

  /** The connection is replaced as soon as one of the users wants. */
  #connected(peer: string, nowMs: number): void {
    let maxAgeMs = Number.POSITIVE_INFINITY;
    for (const user of this.#users) maxAgeMs = Math.min(maxAgeMs, user.connectionMaxAgeMs);
    this.#age.connected(peer, maxAgeMs, nowMs);
  }

  /**
   * Whether the connection was made for a single query, and several use it: one that is too slow
   * would end it, and fail them all.
   */
  get #isSharedTooLate(): boolean {
    return this.#queries.length > 1 && this.#probe.isConnected && !this.#probe.isShared;
  }

  #send(queries: readonly ProbeQuery[]): void {
    if (queries === this.#sent) return;
    this.#sent = queries;
    this.#probe.setQueries(queries);
  }

  #succeed(nowMs: number): void {
    this.#successor = this.#newProbe();
    this.#successor.expectedQueries = this.#queries.length;
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
      this.#connected(this.#successorPeer, nowMs);
    }
  }

  /**
   * The old connection stays for a while, in case that this passes; where the server has no place
   * for a new one, it stays as long as it works.
   */
  #successorFailed(successor: MysqlProbe, failure: MySQLFailure, atMs: number): void {
    if (failure.isFull || !this.#age.isOverdue(atMs)) return;
    this.#replaceProbe(successor);
    this.#failed(failure, atMs);
  }

  #replaceProbe(successor: MysqlProbe): void {
    const before = this.#probe;
    this.#probe = successor;
    this.#successor = null;
    before.setQueries([]);
    before.close();
    this.#sent = [];
    this.#send(this.#queries);
  }

  #dropSuccessor(): void {
    this.#successor?.close();
    this.#successor = null;
  }

  #runDue(nowMs: number): void {
    this.#dueAtMs = Number.POSITIVE_INFINITY;
    for (const user of this.#users) {
      try {
        user.runDue(this.#probe, nowMs);
      } catch (thrown) {
        user.threw(thrown, nowMs);
      }
      this.#dueAtMs = Math.min(this.#dueAtMs, user.dueAtMs);
    }
  }
}

/** A probe that stores share is one of the thread, and one of each store. */
export function countersOf(
  { counters: whole }: HostProbeContext,
  users: () => readonly ProbeUser[],
): ProbeCounters {
  return {
    finished: (tookMs) => {
      whole.finished(tookMs);
      for (const { counters } of users()) counters.finished(tookMs);
    },
    failed: () => {
      whole.failed();
      for (const { counters } of users()) counters.failed();
    },
  };
}

function isSame(left: readonly ProbeQuery[], right: readonly ProbeQuery[]): boolean {
  return left.length === right.length && left.every((query, index) => query === right[index]);
}
