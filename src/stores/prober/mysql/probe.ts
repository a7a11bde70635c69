/**
 * The probe of one host: keeps a connection, asks for the metric at each of its turns, judges what
 * is overdue.
 */
import type { Socket } from 'node:net';
import type { Connection, FieldPacket, QueryError } from 'mysql2';
import { formatAddress } from '../../../base/address.js';
import { monotonicMs } from '../../../base/clock.js';
import type { ResolverClient } from '../../../base/dns-resolver.js';
import { messageOf } from '../../../base/errors.js';
import { dial, drop, type Login, logIn, quit } from '../../../base/mysql/connection.js';
import {
  answerFailure,
  connectionFailure,
  dialFailure,
  dialTimeout,
  lookupTimeout,
  type MySQLFailure,
  readTimeout,
} from '../../../base/mysql/failure.js';
import type { ProbeTarget } from '../../../contracts/stores.js';
import type { Scheduled } from '../probe-scheduler.js';
import { PARSE_ERROR } from './lag.js';
import type { Metric } from './metric.js';
import type { ResultRows } from './metric-value.js';

/** Longest time for a TCP connection, for the greeting and login, and for an answer. */
export const TIMEOUT_MS = 1_000;

/**
 * After a failed attempt the next one waits as long as the attempt took, and at least this long,
 * doubled with each failure in a row: a dead host costs no more than a live one. A login costs a
 * multiple of a refused connection.
 */
const PAUSE_FIRST_MS = 50;
const PAUSE_AFTER_DIAL_MAX_MS = 200;
const PAUSE_AFTER_LOGIN_MAX_MS = 1_000;

/** Whom a probe reports to. */
export interface ProbeListener {
  /** `readAtMs`: `monotonicMs()` when the query was sent; the value is no older than that. */
  succeeded(value: number, readAtMs: number): void;
  failed(failure: MySQLFailure, atMs: number): void;
  /** The last value is still good by `CacheMillis`. */
  reused(nowMs: number): void;
}

/** Where attempts are counted. */
export interface ProbeCounters {
  /** An attempt is over, `tookMs` after its query, or its dialling, began. */
  finished(tookMs: number): void;
  /** The attempt that was counted last has failed. */
  failed(): void;
}

/** What the probes of one cluster have in common; another set of them for changed settings. */
export interface ProbeSettings {
  readonly login: Login;
  readonly metric: Metric;
  /** How long a good value is reused; 0: not at all. */
  readonly cacheMs: number;
}

type ProbeMode = 'closed' | 'disconnected' | 'dialing' | 'greeting' | 'idle' | 'querying';

/** The legal transitions; `closed` and `disconnected` (a failure) can follow each. */
const NEXT: Readonly<Record<ProbeMode, readonly ProbeMode[]>> = {
  /** Makes no connections. */
  closed: ['disconnected'],
  /** Has no connection; dials at the first turn from `#retryAtMs` on. */
  disconnected: ['dialing'],
  /** TCP connection under way, overdue at `#deadlineMs`. */
  dialing: ['greeting'],
  /**
   * Connected, waiting for the server's greeting and the end of the login, overdue at
   * `#deadlineMs`.
   */
  greeting: ['idle'],
  /** Logged in, no query under way. */
  idle: ['querying'],
  /** Query sent at `#sentAtMs`, overdue at `#deadlineMs`. */
  querying: ['idle'],
};

export class MysqlProbe implements Scheduled {
  /** `host:port`. */
  readonly address: string;
  readonly #target: ProbeTarget;
  readonly #names: ResolverClient;
  readonly #listener: ProbeListener;
  readonly #counters: ProbeCounters;
  #settings: ProbeSettings;
  #mode: ProbeMode = 'closed';
  #socket: Socket | null = null;
  #connection: Connection | null = null;
  #startedAtMs = 0;
  #deadlineMs = 0;
  #retryAtMs = 0;
  #failures = 0;
  #goodUntilMs = 0;
  /** What the server of this connection may be asked; the first has not been refused yet. */
  #statements: readonly string[] = [];
  #statement = 0;
  #answered: (error: QueryError | null, rows: unknown, fields: FieldPacket[]) => void = unexpected;

  constructor(
    target: ProbeTarget,
    settings: ProbeSettings,
    names: ResolverClient,
    listener: ProbeListener,
    counters: ProbeCounters,
  ) {
    this.#target = target;
    this.address = formatAddress(target);
    this.#settings = settings;
    this.#names = names;
    this.#listener = listener;
    this.#counters = counters;
  }

  /** Asks for a value at once, whatever was good before; an attempt under way goes on. */
  open(nowMs: number): void {
    this.#goodUntilMs = 0;
    this.#failures = 0;
    this.#retryAtMs = nowMs;
    if (this.#mode === 'closed') this.#enter('disconnected');
    this.tick(nowMs);
  }

  /** Ends the connection; nothing is reported any more. */
  close(): void {
    if (this.#mode === 'idle') {
      quit(this.#socket!, this.#connection!);
      this.#forget();
    } else {
      this.#drop();
    }
    this.#enter('closed');
  }

  /**
   * A connection with another login is made anew; another metric is asked for from the next turn
   * on.
   */
  change(settings: ProbeSettings, nowMs: number): void {
    const before = this.#settings;
    this.#settings = settings;
    if (settings === before) return;
    this.#goodUntilMs = 0;
    // Whether the server knows the statement, and what an answer under way means, depends on the
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
        if (nowMs < this.#goodUntilMs) this.#listener.reused(nowMs);
        else this.#query();
        break;
      case 'disconnected':
        if (nowMs >= this.#retryAtMs) this.#dial(nowMs);
        break;
      case 'dialing':
        if (nowMs >= this.#deadlineMs) this.#failed(this.#dialTimeout());
        break;
      case 'greeting':
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
    this.#deadlineMs = nowMs + TIMEOUT_MS;
    const socket = dial(this.#target, this.#names.lookup);
    this.#socket = socket;
    socket.once('connect', () => this.#greet(socket));
    socket.once('error', (error) => {
      if (this.#mode === 'dialing') this.#failed(dialFailure(this.address, error));
    });
  }

  #dialTimeout(): MySQLFailure {
    return this.#names.isQueued(this.#target.host)
      ? lookupTimeout(this.address)
      : dialTimeout(this.address);
  }

  #greet(socket: Socket): void {
    this.#enter('greeting');
    const nowMs = monotonicMs();
    this.#deadlineMs = nowMs + TIMEOUT_MS;
    let connection: Connection;
    try {
      connection = logIn(socket, this.#target, this.#settings.login, nowMs);
    } catch (thrown) {
      this.#failed(answerFailure(this.address, messageOf(thrown)));
      return;
    }
    this.#connection = connection;
    connection.on('connect', (greeting: { serverVersion?: string }) => {
      this.#statements = this.#settings.metric.statements(greeting.serverVersion ?? '');
      this.#statement = 0;
      this.#enter('idle');
      this.#query();
    });
    connection.on('error', (error: QueryError) => this.#lost(error));
    this.#answered = (error, rows, fields) => {
      // An answer to a query that was given up.
      if (connection !== this.#connection) return;
      if (error === null) this.#read(rows as ResultRows, fields);
      else this.#refused(error);
    };
  }

  #query(): void {
    this.#enter('querying');
    this.#startedAtMs = monotonicMs();
    this.#deadlineMs = this.#startedAtMs + TIMEOUT_MS;
    this.#connection!.query(this.#statements[this.#statement]!, this.#answered);
  }

  #read(rows: ResultRows, fields: FieldPacket[]): void {
    this.#enter('idle');
    this.#failures = 0;
    const nowMs = this.#count();
    const value = this.#settings.metric.read(rows, fields);
    if (typeof value === 'number') {
      const readAtMs = this.#startedAtMs;
      this.#goodUntilMs = readAtMs + this.#settings.cacheMs;
      this.#listener.succeeded(value, readAtMs);
    } else {
      this.#counters.failed();
      this.#listener.failed(answerFailure(this.address, value.reason), nowMs);
    }
  }

  /** The query has failed: by the server's decision, or with the connection. */
  #refused(error: QueryError): void {
    const isServers = error.errno !== undefined && !error.fatal;
    if (!isServers) {
      this.#failed(connectionFailure(this.address, error));
      return;
    }
    this.#enter('idle');
    this.#failures = 0;
    const nowMs = this.#count();
    if (error.errno === PARSE_ERROR && this.#statement + 1 < this.#statements.length) {
      this.#statement++;
      this.#query();
      return;
    }
    this.#counters.failed();
    this.#listener.failed(connectionFailure(this.address, error), nowMs);
  }

  /** The connection has failed by itself. */
  #lost(error: QueryError): void {
    if (this.#mode !== 'idle') {
      this.#failed(connectionFailure(this.address, error));
      return;
    }
    // Nothing was asked of it: whether the host is gone the next turn tells.
    this.#drop();
    this.#retryAtMs = 0;
    this.#enter('disconnected');
  }

  #failed(failure: MySQLFailure): void {
    const dialled = this.#mode !== 'dialing';
    this.#drop();
    this.#enter('disconnected');
    const nowMs = this.#count();
    this.#counters.failed();
    const pauseMaxMs = dialled ? PAUSE_AFTER_LOGIN_MAX_MS : PAUSE_AFTER_DIAL_MAX_MS;
    const pauseMs = Math.min(pauseMaxMs, PAUSE_FIRST_MS * 2 ** this.#failures++);
    this.#retryAtMs = nowMs + Math.max(pauseMs, nowMs - this.#startedAtMs);
    this.#listener.failed(failure, nowMs);
  }

  /** Counts an attempt that is over, and returns the time. */
  #count(): number {
    const nowMs = monotonicMs();
    this.#counters.finished(nowMs - this.#startedAtMs);
    return nowMs;
  }

  #drop(): void {
    if (this.#socket !== null) drop(this.#socket, this.#connection);
    this.#forget();
  }

  #forget(): void {
    this.#socket = null;
    this.#connection = null;
    this.#answered = unexpected;
  }

  #enter(mode: ProbeMode): void {
    const legal = mode === 'closed' || mode === 'disconnected' || NEXT[this.#mode].includes(mode);
    if (!legal) throw new Error(`a probe cannot go from ${this.#mode} to ${mode}`);
    this.#mode = mode;
  }
}

function unexpected(): never {
  throw new Error('a query without a connection');
}
