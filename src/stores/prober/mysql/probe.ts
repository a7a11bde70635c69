/**
 * The probe of one host: a state machine that keeps one connection and queries the metric at each
 * tick of the scheduler.
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
import type { Metric } from './metric.js';
import type { ResultRows } from './metric-value.js';
import { prepare } from './preparation.js';
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

/** Receives the results of a probe. */
export interface ProbeListener {
  /** `readAtMs`: `monotonicMs()` when the query was sent; the value is no older than that. */
  succeeded(value: number, readAtMs: number): void;
  failed(failure: MySQLFailure, atMs: number): void;
  /** No query: the last value is still valid by `CacheMillis`. */
  cacheHit(nowMs: number): void;
  /** The server has refused settings of the session; the probe goes on without them. */
  sessionRefused(reason: string): void;
}

/** Where attempts are counted. */
export interface ProbeCounters {
  /** An attempt has ended, `tookMs` after its query, or its dial, began. */
  finished(tookMs: number): void;
  /** The attempt that was counted last has failed. */
  failed(): void;
}

/** Shared by the probes of one cluster; replaced by a new object when settings change. */
export interface ProbeSettings {
  readonly login: Login;
  readonly metric: Metric;
  /** How long a value is reused; 0: not at all. */
  readonly cacheMs: number;
}

type ProbeMode =
  | 'closed'
  | 'disconnected'
  | 'dialing'
  | 'greeting'
  | 'preparing'
  | 'idle'
  | 'querying';

/** The legal transitions. `closed` and `disconnected` (a failure) are legal from every mode. */
const NEXT: Readonly<Record<ProbeMode, readonly ProbeMode[]>> = {
  /** Makes no connections. */
  closed: ['disconnected'],
  /** Has no connection; dials at the first tick from `#retryAtMs` on. */
  disconnected: ['dialing'],
  /** TCP connection in progress, times out at `#deadlineMs`. */
  dialing: ['greeting'],
  /**
   * Connected, waiting for the server's greeting and the end of the login, times out at
   * `#deadlineMs`.
   */
  greeting: ['preparing'],
  /** Logged in, setting up the session, each statement times out at `#deadlineMs`. */
  preparing: ['idle'],
  /** Logged in, no query in flight. */
  idle: ['querying'],
  /** Query sent at `#startedAtMs`, times out at `#deadlineMs`. */
  querying: ['idle'],
};

export class MysqlProbe implements Scheduled {
  /** `host:port`. */
  readonly address: string;
  readonly #target: ProbeTarget;
  readonly #resolver: ResolverClient;
  readonly #listener: ProbeListener;
  readonly #counters: ProbeCounters;
  #settings: ProbeSettings;
  #mode: ProbeMode = 'closed';
  #socket: Socket | null = null;
  #connection: Connection | null = null;
  #startedAtMs = 0;
  #deadlineMs = 0;
  #retryAtMs = 0;
  readonly #backoff = new Backoff(BACKOFF);
  #cachedUntilMs = 0;
  /** Null: no query of this probe can be running on the server but the one in flight. */
  #leftBehind: LeftBehind | null = null;
  /** The statements to try on the server of this connection, and the index of the current one. */
  #statements: readonly string[] = [];
  #statement = 0;
  /** On the connection that there is now. */
  #query: TextQuery | null = null;

  constructor(
    target: ProbeTarget,
    settings: ProbeSettings,
    resolver: ResolverClient,
    listener: ProbeListener,
    counters: ProbeCounters,
  ) {
    this.#target = target;
    this.address = formatAddress(target);
    this.#settings = settings;
    this.#resolver = resolver;
    this.#listener = listener;
    this.#counters = counters;
  }

  /** Queries at once, whatever is cached; an attempt in flight continues. */
  open(nowMs: number): void {
    this.#cachedUntilMs = 0;
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

  /** Applies changed settings. Another login or another metric gets a new connection. */
  change(settings: ProbeSettings, nowMs: number): void {
    const before = this.#settings;
    this.#settings = settings;
    if (settings === before) return;
    this.#cachedUntilMs = 0;
    // The statement that the server knows, and the meaning of a result in flight, depend on the
    // metric.
    if (this.#mode === 'closed') return;
    if (settings.login !== before.login || settings.metric !== before.metric) {
      this.close();
      this.open(nowMs);
    }
  }

  tick(nowMs: number): void {
    switch (this.#mode) {
      case 'idle':
        if (nowMs < this.#cachedUntilMs) this.#listener.cacheHit(nowMs);
        else this.#sendQuery();
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
      connection = logIn(socket, this.#target, this.#settings.login, nowMs);
    } catch (thrown) {
      this.#failed(hostFailure(this.address, messageOf(thrown)));
      return;
    }
    this.#connection = connection;
    connection.on('connect', (greeting: { serverVersion?: string }) => {
      const { serverVersion = '' } = greeting;
      this.#statements = this.#settings.metric.statements(serverVersion);
      this.#statement = 0;
      this.#prepare(connection, serverVersion);
    });
    connection.on('error', (error: QueryError) => this.#connectionLost(error));
    this.#query = new TextQuery(connection, (error, rows, fields) => {
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
    prepare(connection, serverVersion, this.#leftBehind, {
      sending: ifCurrent(() => {
        this.#deadlineMs = monotonicMs() + PROBE_TIMEOUT_MS;
      }),
      refused: ifCurrent((reason: string) => this.#listener.sessionRefused(reason)),
      ready: ifCurrent(() => {
        this.#leftBehind = null;
        this.#enter('idle');
        this.#sendQuery();
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

  #sendQuery(): void {
    this.#enter('querying');
    this.#startedAtMs = monotonicMs();
    this.#deadlineMs = this.#startedAtMs + PROBE_TIMEOUT_MS;
    this.#query!.send(this.#statements[this.#statement]!);
  }

  #read(rows: ResultRows | null, fields: readonly TextField[]): void {
    this.#enter('idle');
    this.#backoff.succeeded();
    const nowMs = this.#count();
    const value = this.#settings.metric.read(rows, fields);
    if (typeof value === 'number') {
      const readAtMs = this.#startedAtMs;
      this.#cachedUntilMs = readAtMs + this.#settings.cacheMs;
      this.#listener.succeeded(value, readAtMs);
    } else {
      this.#counters.failed();
      this.#listener.failed(hostFailure(this.address, value.reason), nowMs);
    }
  }

  /** The query has failed: rejected by the server, or with the connection. */
  #queryFailed(error: QueryError): void {
    if (!isServerError(error)) {
      this.#failed(connectionFailure(this.address, error));
      return;
    }
    if (isPrivilegeError(error)) {
      // A grant that is given later may count for new connections only: this one is given up.
      const failure = connectionFailure(this.address, error);
      this.#quit();
      this.#failed(failure);
      return;
    }
    this.#enter('idle');
    this.#backoff.succeeded();
    const nowMs = this.#count();
    if (error.errno === PARSE_ERROR && this.#statement + 1 < this.#statements.length) {
      this.#statement++;
      this.#sendQuery();
      return;
    }
    this.#counters.failed();
    this.#listener.failed(connectionFailure(this.address, error), nowMs);
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
    this.#drop();
    this.#enter('disconnected');
    const nowMs = this.#count();
    this.#counters.failed();
    const pauseMs = this.#backoff.failed(
      wasDialing ? PAUSE_AFTER_DIAL_MAX_MS : PAUSE_AFTER_LOGIN_MAX_MS,
    );
    this.#retryAtMs = nowMs + Math.max(pauseMs, nowMs - this.#startedAtMs);
    this.#listener.failed(failure, nowMs);
  }

  /** Counts an attempt that has ended, and returns the time. */
  #count(): number {
    const nowMs = monotonicMs();
    this.#counters.finished(nowMs - this.#startedAtMs);
    return nowMs;
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
        statement: this.#statements[this.#statement]!,
      };
    }
    if (this.#socket !== null) drop(this.#socket, this.#connection);
    this.#forget();
  }

  #forget(): void {
    this.#socket = null;
    this.#connection = null;
    this.#query = null;
  }

  #enter(mode: ProbeMode): void {
    const legal = mode === 'closed' || mode === 'disconnected' || NEXT[this.#mode].includes(mode);
    if (!legal) throw new Error(`a probe cannot go from ${this.#mode} to ${mode}`);
    this.#mode = mode;
  }
}
