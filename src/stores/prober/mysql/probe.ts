/**
 * The probe of one host: a state machine that keeps one connection and queries its metrics, one
 * after the other, at each tick of the scheduler.
 *
 * Time-outs are checked at the ticks, against one deadline for the current step (dial, login,
 * query), so that a thousand probes need no timers of their own. A step that exceeds its deadline
 * has failed: the connection is dropped, because the next query would queue behind the overdue one,
 * and the host is dialed again after a pause. So a host that stops responding is reported within
 * `PROBE_TIMEOUT_MS` and one tick, whatever TCP does meanwhile.
 *
 * At most one query of a probe runs on its server: one that timed out must have ended before the
 * next one is sent (left-behind.ts).
 */
import type { Socket } from 'node:net';
import type { Connection, QueryError } from 'mysql2';
import { formatAddress } from '../../../base/address.js';
import { Backoff } from '../../../base/backoff.js';
import { monotonicMs } from '../../../base/clock.js';
import type { ResolverClient } from '../../../base/dns-resolver.js';
import { messageOf } from '../../../base/errors.js';
import { dial, drop, type Login, logIn, quit } from '../../../base/mysql/connection.js';
import {
  connectionFailure,
  dialFailure,
  dialTimeout,
  hostFailure,
  isPrivilegeError,
  lookupTimeout,
  type MySQLFailure,
  readTimeout,
} from '../../../base/mysql/failure.js';
import { isServerError } from '../../../base/mysql/session.js';
import type { ProbeTarget } from '../../../contracts/stores.js';
import type { Scheduled } from '../probe-scheduler.js';
import { PARSE_ERROR } from './lag.js';
import type { LeftBehind } from './left-behind.js';
import type { ResultRows } from './metric-value.js';
import { prepare } from './preparation.js';
import { isLegalChange, type ProbeMode } from './probe-mode.js';
import type { ProbeCounters, ProbeQuery } from './probe-query.js';
import { type TextField, TextQuery } from './text-query.js';

/** Longest time for a TCP connection, for the greeting and login, and for a result. */
export const PROBE_TIMEOUT_MS = 1_000;

/**
 * After a failed attempt the next one waits as long as the attempt took, and at least the pause of
 * the backoff: a dead host costs no more than a live one. A failed login costs both sides a
 * multiple of a refused connection, so its pauses grow further.
 *
 * No jitter: probes that fail together are spread already, because each retries at the ticks of its
 * own phase of the scheduler, and the pause decides how soon a recovered host is noticed.
 */
const PAUSE_AFTER_DIAL_MAX_MS = 200;
const PAUSE_AFTER_LOGIN_MAX_MS = 1_000;
const BACKOFF = { firstMs: 50, maxMs: PAUSE_AFTER_LOGIN_MAX_MS, jitter: 0 } as const;

/** Holds any result that is a number; a longer one is read in several pieces. */
const READ_BYTES = 2048;

/**
 * A metric that lacks a privilege, on a connection that others use too: a grant that is given later
 * may count for new connections only, so after this time a new one is made for it. Less than the
 * time in which its error expires on the board.
 */
const GRANT_RETRY_MS = 3_000;

/** Receives what concerns the connection, and so all its metrics. */
export interface ConnectionListener {
  failed(failure: MySQLFailure, atMs: number): void;
  /** The server has refused settings of the session; the probe goes on without them. */
  sessionRefused(reason: string): void;
}

export class MysqlProbe implements Scheduled {
  /** `host:port`. */
  readonly address: string;
  readonly #target: ProbeTarget;
  readonly #resolver: ResolverClient;
  readonly #login: Login;
  readonly #listener: ConnectionListener;
  /** Of attempts to connect. */
  readonly #counters: ProbeCounters;
  #queries: readonly ProbeQuery[] = [];
  #mode: ProbeMode = 'closed';
  #socket: Socket | null = null;
  #connection: Connection | null = null;
  #startedAtMs = 0;
  #deadlineMs = 0;
  #retryAtMs = 0;
  readonly #backoff = new Backoff(BACKOFF);
  /** Null: no query of this probe can be running on the server but the one in flight. */
  #leftBehind: LeftBehind | null = null;
  /** Null: not connected. */
  #serverVersion: string | null = null;
  /** Sends the statements on the connection that there is now. */
  #sender: TextQuery | null = null;
  /** The query that was sent last; null: none since the connection was made. */
  #sent: ProbeQuery | null = null;
  /** Index of the query whose turn comes next, and how many have their turn in this round. */
  #turn = 0;
  #turnsLeft = 0;

  /** `counters`: of attempts that fail before a query is sent. */
  constructor(
    target: ProbeTarget,
    login: Login,
    resolver: ResolverClient,
    listener: ConnectionListener,
    counters: ProbeCounters,
  ) {
    this.#target = target;
    this.address = formatAddress(target);
    this.#login = login;
    this.#resolver = resolver;
    this.#listener = listener;
    this.#counters = counters;
  }

  /**
   * The metrics to query from now on: those that stay are the same objects. The result of one that
   * does not is still delivered to it.
   */
  setQueries(queries: readonly ProbeQuery[]): void {
    if (this.#serverVersion !== null) {
      for (const query of queries) {
        if (!this.#queries.includes(query)) query.connected(this.#serverVersion);
      }
    }
    this.#queries = queries;
    this.#turn = 0;
    this.#turnsLeft = Math.min(this.#turnsLeft, queries.length);
  }

  /** Queries at once, whatever is cached; an attempt in flight continues. */
  open(nowMs: number): void {
    this.#restartQueries();
    this.#backoff.succeeded();
    this.#retryAtMs = nowMs;
    if (this.#mode === 'closed') this.#enter('disconnected');
    this.tick(nowMs);
  }

  /** Closes the connection; nothing is reported afterwards. */
  close(): void {
    if (this.#mode === 'idle') this.#quit();
    else this.#drop();
    this.#enter('closed');
  }

  tick(nowMs: number): void {
    switch (this.#mode) {
      case 'idle':
        this.#startRound(nowMs);
        break;
      case 'disconnected':
        if (nowMs >= this.#retryAtMs) this.#dial(nowMs);
        break;
      case 'dialing':
        if (nowMs >= this.#deadlineMs) this.#failed(this.#dialTimeout());
        break;
      case 'greeting':
      case 'preparing':
      case 'querying':
        if (nowMs >= this.#deadlineMs) this.#failed(readTimeout(this.address));
        break;
      case 'closed':
        break;
    }
  }

  #dial(nowMs: number): void {
    this.#enter('dialing');
    this.#startedAtMs = nowMs;
    this.#deadlineMs = nowMs + PROBE_TIMEOUT_MS;
    const socket = dial(this.#target, this.#resolver.lookup, READ_BYTES);
    this.#socket = socket;
    socket.once('connect', () => this.#logIn(socket));
    socket.once('error', (error) => {
      if (this.#mode === 'dialing') this.#failed(dialFailure(this.address, error));
    });
  }

  #dialTimeout(): MySQLFailure {
    return this.#resolver.isQueued(this.#target.host)
      ? lookupTimeout(this.address)
      : dialTimeout(this.address);
  }

  #logIn(socket: Socket): void {
    this.#enter('greeting');
    const nowMs = monotonicMs();
    this.#deadlineMs = nowMs + PROBE_TIMEOUT_MS;
    let connection: Connection;
    try {
      connection = logIn(socket, this.#target, this.#login, nowMs);
    } catch (thrown) {
      this.#failed(hostFailure(this.address, messageOf(thrown)));
      return;
    }
    this.#connection = connection;
    connection.on('connect', (greeting: { serverVersion?: string }) => {
      const { serverVersion = '' } = greeting;
      this.#serverVersion = serverVersion;
      for (const query of this.#queries) query.connected(serverVersion);
      this.#prepare(connection, serverVersion);
    });
    connection.on('error', (error: QueryError) => this.#connectionLost(error));
    this.#sender = new TextQuery(connection, (error, rows, fields) => {
      // A result of an abandoned query.
      if (connection !== this.#connection) return;
      if (error === null) this.#read(rows, fields);
      else this.#queryFailed(error);
    });
  }

  #prepare(connection: Connection, serverVersion: string): void {
    this.#enter('preparing');
    // The callbacks of a connection that was dropped do nothing.
    const ifCurrent = <Arguments extends unknown[]>(act: (...values: Arguments) => void) => {
      return (...values: Arguments): void => {
        if (connection === this.#connection) act(...values);
      };
    };
    const isShared = this.#queries.length > 1;
    prepare(connection, serverVersion, isShared, this.#leftBehind, {
      sending: ifCurrent(() => {
        this.#deadlineMs = monotonicMs() + PROBE_TIMEOUT_MS;
      }),
      refused: ifCurrent((reason: string) => this.#listener.sessionRefused(reason)),
      ready: ifCurrent(() => {
        this.#leftBehind = null;
        this.#enter('idle');
        this.#startRound(monotonicMs());
      }),
      running: ifCurrent((leftBehind: LeftBehind) => {
        const reason = `the query that timed out is still running (connection ${
          leftBehind.connectionId
        }); KILL was sent`;
        this.#failed(hostFailure(this.address, reason));
      }),
      failed: ifCurrent((error: QueryError) => {
        this.#failed(connectionFailure(this.address, error));
      }),
    });
  }

  /** Each query has its turn once, the one that waited longest first. */
  #startRound(nowMs: number): void {
    this.#turnsLeft = this.#queries.length;
    this.#sendNext(nowMs);
  }

  /** Sends the next query of the round that is due. */
  #sendNext(nowMs: number): void {
    while (this.#turnsLeft > 0) {
      this.#turnsLeft--;
      const query = this.#queries[this.#turn]!;
      this.#turn = this.#turn + 1 < this.#queries.length ? this.#turn + 1 : 0;
      if (query.isCached(nowMs)) {
        query.listener.cacheHit(nowMs);
      } else if (!query.isPaused(nowMs)) {
        if (query.needsNewConnection) this.#renewConnection(nowMs);
        else this.#send(query);
        return;
      }
    }
  }

  #send(query: ProbeQuery): void {
    this.#enter('querying');
    this.#sent = query;
    this.#startedAtMs = monotonicMs();
    this.#deadlineMs = this.#startedAtMs + PROBE_TIMEOUT_MS;
    this.#sender!.send(query.statement);
  }

  /** All metrics keep their values meanwhile. */
  #renewConnection(nowMs: number): void {
    this.#quit();
    this.#enter('disconnected');
    this.#dial(nowMs);
  }

  #read(rows: ResultRows | null, fields: readonly TextField[]): void {
    const query = this.#sent!;
    const nowMs = this.#queryEnded();
    query.finished(rows, fields, this.#startedAtMs, nowMs, this.address);
    this.#sendNext(nowMs);
  }

  /** The query has failed: rejected by the server, or with the connection. */
  #queryFailed(error: QueryError): void {
    if (!isServerError(error)) {
      this.#failed(connectionFailure(this.address, error));
      return;
    }
    const query = this.#sent!;
    const failure = connectionFailure(this.address, error);
    const isRefused = isPrivilegeError(error);
    if (isRefused && this.#queries.length === 1) {
      // A grant that is given later may count for new connections only: this one is given up.
      this.#quit();
      this.#failed(failure);
      return;
    }
    const nowMs = this.#queryEnded();
    if (error.errno === PARSE_ERROR && query.tryNextStatement()) {
      this.#send(query);
      return;
    }
    if (isRefused) query.refusedUntil(nowMs + GRANT_RETRY_MS);
    query.failed(failure, nowMs);
    this.#sendNext(nowMs);
  }

  /** The connection is free again. Returns the time. */
  #queryEnded(): number {
    this.#enter('idle');
    this.#backoff.succeeded();
    const query = this.#sent!;
    const nowMs = monotonicMs();
    const tookMs = nowMs - this.#startedAtMs;
    query.counters.finished(tookMs);
    // A slow query leaves the others as much time as it takes.
    if (this.#queries.length > 1) query.pauseUntil(nowMs + tookMs);
    return nowMs;
  }

  /** The connection has failed, with or without a query in flight. */
  #connectionLost(error: QueryError): void {
    if (this.#mode !== 'idle') {
      this.#failed(connectionFailure(this.address, error));
      return;
    }
    // No query was in flight, so this is no failure yet: the next tick dials again.
    this.#drop();
    this.#retryAtMs = 0;
    this.#enter('disconnected');
  }

  #failed(failure: MySQLFailure): void {
    const wasDialing = this.#mode === 'dialing';
    const counters = this.#mode === 'querying' ? this.#sent!.counters : this.#counters;
    this.#drop();
    this.#enter('disconnected');
    this.#restartQueries();
    const nowMs = monotonicMs();
    counters.finished(nowMs - this.#startedAtMs);
    counters.failed();
    const pauseMs = this.#backoff.failed(
      wasDialing ? PAUSE_AFTER_DIAL_MAX_MS : PAUSE_AFTER_LOGIN_MAX_MS,
    );
    this.#retryAtMs = nowMs + Math.max(pauseMs, nowMs - this.#startedAtMs);
    this.#listener.failed(failure, nowMs);
  }

  #restartQueries(): void {
    for (const query of this.#queries) query.restart();
  }

  /** Closes a connection without a query in flight. */
  #quit(): void {
    quit(this.#socket!, this.#connection!);
    this.#forget();
  }

  #drop(): void {
    if (this.#mode === 'querying' && this.#connection !== null) {
      this.#leftBehind = {
        connectionId: this.#connection.threadId,
        statement: this.#sent!.statement,
      };
    }
    if (this.#socket !== null) drop(this.#socket, this.#connection);
    this.#forget();
  }

  #forget(): void {
    this.#socket = null;
    this.#connection = null;
    this.#sender = null;
    this.#serverVersion = null;
  }

  #enter(mode: ProbeMode): void {
    if (!isLegalChange(this.#mode, mode))
      throw new Error(`a probe cannot go from ${this.#mode} to ${mode}`);
    this.#mode = mode;
  }
}
