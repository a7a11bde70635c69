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
  lateFailure,
  type MySQLFailure,
  readTimeout,
} from '../../../base/mysql/failure.js';
import { isServerError } from '../../../base/mysql/session.js';
import { TextQuery, type TextQueryCallback } from '../../../base/mysql/text-query.js';
import type { ProbeTarget } from '../../../contracts/stores.js';
import type { Scheduled } from '../probe-scheduler.js';
import type { ConnectionListener } from './connection-listener.js';
import { PARSE_ERROR } from './lag.js';
import { type LeftBehind, stillRunning } from './left-behind.js';
import { prepare } from './preparation.js';
import {
  BACKOFF,
  GRANT_RETRY_MS,
  KEEP_ALIVE_AFTER_MS,
  LOGIN_MAX_MS,
  PROBE_TIMEOUT_MS,
  pauseAfterMs,
  pauseMaxMs,
  READ_BYTES,
} from './probe-bounds.js';
import { assertLegalChange, isLoginEnd, type ProbeMode } from './probe-mode.js';
import type { ProbeCounters, ProbeQuery } from './probe-query.js';
import { QueryRound } from './query-round.js';

export class MysqlProbe implements Scheduled {
  /** `host:port`. */
  readonly address: string;
  /** How many metrics will be queried, where they come only when it is connected. */
  expectedQueries = 0;
  readonly queries = new QueryRound();
  /** Whether the connection that there is was made for several metrics. */
  isShared = false;
  /** Whether the server accepted the latest attempt to log in, of those that are over. */
  isReached = false;
  readonly #target: ProbeTarget;
  readonly #resolver: ResolverClient;
  readonly #login: Login;
  readonly #listener: ConnectionListener;
  /** Of attempts that fail before a query is sent. */
  readonly #counters: ProbeCounters;
  #mode: ProbeMode = 'closed';
  #socket: Socket | null = null;
  #connection: Connection | null = null;
  #startedAtMs = 0;
  #deadlineMs = 0;
  #retryAtMs = 0;
  #loginSinceMs = 0;
  readonly #backoff = new Backoff(BACKOFF);
  /** Null: no query of this probe can be running on the server but the one in flight. */
  #leftBehind: LeftBehind | null = null;
  /** Null: not connected. */
  #serverVersion: string | null = null;
  /** Sends the statements on the connection that there is now. */
  #sender: TextQuery | null = null;
  /** The query that was sent last; null: none since the connection was made. */
  #sent: ProbeQuery | null = null;

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
    this.queries.replace(queries, this.#serverVersion);
  }

  get isIdle(): boolean {
    return this.#mode === 'idle';
  }

  /** `monotonicMs()` from which it dials; infinite: it has a connection, or makes one. */
  get dialAtMs(): number {
    return this.#mode === 'disconnected' ? this.#retryAtMs : Number.POSITIVE_INFINITY;
  }

  get isConnected(): boolean {
    return this.isIdle || this.#mode === 'querying';
  }

  /** Queries at once, whatever is cached; an attempt in flight continues. */
  open(nowMs: number): void {
    this.queries.restart();
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
        if (nowMs >= this.#deadlineMs) this.#loginUnanswered(nowMs);
        break;
      case 'preparing':
      case 'querying':
        if (nowMs >= this.#deadlineMs) this.#failed(readTimeout(this.address));
        break;
    }
  }

  protected loginEnded(isAccepted: boolean): void {
    this.isReached = isAccepted;
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

  /** Why a metric is not read yet that long after it joined. */
  lateFailure(afterMs: number): MySQLFailure {
    const isDialing = this.#mode === 'dialing' && this.#dialTimeout().unreachable;
    return lateFailure(this.address, afterMs, isDialing);
  }

  #dialTimeout(): MySQLFailure {
    return dialTimeout(this.address, this.#resolver.isPending(this.#target.host));
  }

  #logIn(socket: Socket): void {
    this.#enter('greeting');
    const nowMs = monotonicMs();
    this.#deadlineMs = nowMs + PROBE_TIMEOUT_MS;
    this.#loginSinceMs = nowMs;
    let connection: Connection;
    try {
      connection = logIn(socket, this.#target, this.#login, nowMs);
    } catch (thrown) {
      this.#failed(hostFailure(this.address, messageOf(thrown)));
      return;
    }
    this.#connection = connection;
    const greeted = ({ serverVersion = '' }: { serverVersion?: string }): void =>
      this.#prepare(connection, serverVersion);
    connection.on('connect', this.#callback(connection, greeted));
    connection.on('error', (error: QueryError) => this.#connectionLost(error));
    const answered: TextQueryCallback = (error, rows, fields) => {
      if (error !== null) return this.#inTurn(() => this.#queryFailed(error));
      const [query, nowMs] = [this.#sent!, this.#queryEnded()];
      query.finished(rows, fields, this.#startedAtMs, nowMs, this.address);
      this.#sendNext(nowMs);
    };
    this.#sender = new TextQuery(connection, this.#callback(connection, answered));
  }

  /** Those of a dropped connection do nothing. What one throws is an error of this host. */
  #callback<Arguments extends unknown[]>(
    connection: Connection,
    act: (...values: Arguments) => void,
  ): (...values: Arguments) => void {
    return (...values) => {
      if (connection !== this.#connection) return;
      try {
        act(...values);
      } catch (thrown) {
        this.threw(thrown);
      }
    };
  }

  /** For what the library does later; connection.ts does so while it reads the socket. */
  #inTurn(act: () => void): void {
    this.#login.turn?.begin();
    act();
    this.#login.turn?.end();
  }

  threw(thrown: unknown): void {
    this.#failed(hostFailure(this.address, messageOf(thrown)));
  }

  #prepare(connection: Connection, serverVersion: string): void {
    this.#enter('preparing');
    this.#serverVersion = serverVersion;
    this.queries.connected(serverVersion);
    const ifCurrent = <Arguments extends unknown[]>(act: (...values: Arguments) => void) =>
      this.#callback(connection, (...values: Arguments) => this.#inTurn(() => act(...values)));
    this.isShared = Math.max(this.queries.size, this.expectedQueries) > 1;
    prepare(connection, serverVersion, this.isShared, this.#leftBehind, {
      sending: ifCurrent(() => {
        this.#deadlineMs = monotonicMs() + PROBE_TIMEOUT_MS;
      }),
      refused: ifCurrent((reason: string) => this.#listener.sessionRefused(reason)),
      ready: ifCurrent(() => {
        this.#leftBehind = null;
        this.#enter('idle');
        const nowMs = monotonicMs();
        this.#listener.connected(this.#socket!.remoteAddress ?? '', nowMs);
        this.#startRound(nowMs);
      }),
      running: ifCurrent((leftBehind: LeftBehind) =>
        this.#failed(hostFailure(this.address, stillRunning(leftBehind))),
      ),
      failed: ifCurrent((error: QueryError) =>
        this.#failed(connectionFailure(this.address, error)),
      ),
    });
  }

  /** Each query has its turn once. */
  #startRound(nowMs: number): void {
    this.queries.start();
    this.#sendNext(nowMs);
  }

  #sendNext(nowMs: number): void {
    const query = this.queries.next(nowMs);
    if (query === null) return;
    if (query.needsNewConnection) {
      // The next tick dials again. All metrics keep their values meanwhile.
      this.#quit();
      this.#retryAtMs = 0;
      this.#enter('disconnected');
    } else this.#send(query);
  }

  #send(query: ProbeQuery): void {
    this.#enter('querying');
    this.#sent = query;
    this.#startedAtMs = monotonicMs();
    this.#deadlineMs = this.#startedAtMs + PROBE_TIMEOUT_MS;
    this.#sender!.send(query.statement);
  }

  #queryFailed(error: QueryError): void {
    if (!isServerError(error)) {
      this.#failed(connectionFailure(this.address, error));
      return;
    }
    const query = this.#sent!;
    const failure = connectionFailure(this.address, error);
    const isNext = error.errno === PARSE_ERROR && query.hasNextStatement;
    const isRefused = !isNext && query.isLostOnConnection(error);
    if (isRefused && this.queries.size === 1) {
      // What is granted or renewed later may count for new connections only: this one is given up.
      this.#quit();
      this.#failed(failure);
      return;
    }
    const nowMs = this.#queryEnded();
    if (isNext) {
      query.tryNextStatement();
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
    if (this.queries.size > 1) query.pauseUntil(nowMs + pauseAfterMs(tookMs));
    return nowMs;
  }

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

  /**
   * The failure is reported at each time-out, and the login goes on: a server counts those that its
   * client gave up, and in the end blocks the client's machine. TCP notices a server that is gone.
   */
  #loginUnanswered(nowMs: number): void {
    const failure = readTimeout(this.address);
    if (nowMs - this.#loginSinceMs >= LOGIN_MAX_MS) {
      this.#failed(failure);
      return;
    }
    this.#socket!.setKeepAlive(true, KEEP_ALIVE_AFTER_MS);
    this.queries.restart();
    this.isReached = false;
    this.#counters.finished(nowMs - this.#startedAtMs);
    this.#counters.failed();
    this.#startedAtMs = nowMs;
    this.#deadlineMs = nowMs + PROBE_TIMEOUT_MS;
    this.#listener.failed(failure, nowMs);
  }

  #failed(failure: MySQLFailure): void {
    const wasDialing = this.#mode === 'dialing';
    const counters = this.#mode === 'querying' ? this.#sent!.counters : this.#counters;
    this.#drop();
    this.#enter('disconnected');
    this.queries.restart();
    const nowMs = monotonicMs();
    counters.finished(nowMs - this.#startedAtMs);
    counters.failed();
    const pauseMs = this.#backoff.failed(pauseMaxMs(wasDialing));
    this.#retryAtMs = nowMs + Math.max(pauseMs, nowMs - this.#startedAtMs);
    this.#listener.failed(failure, nowMs);
  }

  /** Closes a connection without a query in flight. */
  #quit(): void {
    quit(this.#socket!, this.#connection!);
    this.#forget();
  }

  #drop(): void {
    if (this.#mode === 'querying' && this.#connection !== null) {
      const { statement } = this.#sent!;
      this.#leftBehind = { connectionId: this.#connection.threadId, statement };
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
    assertLegalChange(this.#mode, mode);
    if (isLoginEnd(this.#mode, mode)) this.loginEnded(mode === 'preparing');
    this.#mode = mode;
  }
}
