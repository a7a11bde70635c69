/**
 * A connection to the backend that reconnects: on demand, with back-off after a failure. While a
 * back-off runs, statements fail at once with the last error instead of waiting.
 *
 * A connection that must be renewed (connection-age.ts) takes statements until its successor is
 * open, so that renewing the lease never waits for a login.
 */
import type { LookupFunction } from 'node:net';
import { Backoff } from '../../base/backoff.js';
import { monotonicMs } from '../../base/clock.js';
import { messageOf } from '../../base/errors.js';
import type { Login } from '../../base/mysql/connection.js';
import { ConnectionAge } from '../../base/mysql/connection-age.js';
import { isFullError } from '../../base/mysql/failure.js';
import { loginOf } from '../../base/mysql/login.js';
import type { BackendSettings } from '../../config/settings.js';
import { BackendError, connectError } from './backend-error.js';
import type { BackendRow, OpenConnection, SqlParameter } from './open-connection.js';
import type { BackendTimes } from './options.js';

/** With jitter: nodes that lost the same backend must not reconnect in step. */
const RECONNECT_BACKOFF = { firstMs: 50, maxMs: 1_000, jitter: 0.5 };

/**
 * For one caller at a time, which awaits each statement. Both kinds of statement reject with a
 * `BackendError`.
 */
export class BackendConnection {
  readonly #settings: BackendSettings;
  readonly #login: Login;
  readonly #times: BackendTimes;
  readonly #lookup: LookupFunction;
  readonly #age: ConnectionAge;
  #open: OpenConnection | undefined;
  /** Replaces the open connection at the next statement. */
  #successor: OpenConnection | undefined;
  #isRenewing = false;
  /** A connection that is being opened: never two at a time. */
  #opening: Promise<OpenConnection> | undefined;
  readonly #stop = new AbortController();
  readonly #backoff = new Backoff(RECONNECT_BACKOFF);
  #retryAtMs = 0;
  #lastFailure: unknown;
  #closed = false;

  constructor(settings: BackendSettings, times: BackendTimes, lookup: LookupFunction) {
    this.#settings = settings;
    this.#login = loginOf(settings);
    this.#times = times;
    this.#lookup = lookup;
    this.#age = new ConnectionAge(settings.host, lookup);
  }

  async select(sql: string, values: readonly SqlParameter[] = []): Promise<readonly BackendRow[]> {
    const connection = await this.#connected();
    const rows = await connection.query(sql, values);
    if (Array.isArray(rows)) return rows as readonly BackendRow[];
    throw new BackendError('noResponse', 'the backend responded to a SELECT without rows');
  }

  /** Resolves with the number of rows inserted or matched, whether changed or not. */
  async change(sql: string, values: readonly SqlParameter[] = []): Promise<number> {
    const connection = await this.#connected();
    const result = await connection.query(sql, values);
    const { affectedRows } = result as { readonly affectedRows?: unknown };
    if (typeof affectedRows === 'number') return affectedRows;
    throw new BackendError('noResponse', 'the backend responded to a change with rows');
  }

  close(): void {
    this.#closed = true;
    this.#open?.close();
    this.#successor?.close();
    this.#stop.abort();
    this.#opening?.then(
      (open) => open.close(),
      () => undefined,
    );
  }

  async #connected(): Promise<OpenConnection> {
    // No statement is in flight now.
    if (this.#successor !== undefined) this.#succeed(this.#successor);
    if (this.#open !== undefined && !this.#open.isLost) {
      this.#renewIfDue(this.#open);
      return this.#open;
    }
    if (this.#closed) throw new BackendError('unavailable', 'the node is stopping');
    if (monotonicMs() < this.#retryAtMs) throw this.#unavailable();
    const open = await this.#newConnection();
    this.#open = open;
    this.#age.connected(open.peer, this.#times.connectionMaxAgeMs, monotonicMs());
    if (this.#closed) open.close();
    return open;
  }

  async #newConnection(): Promise<OpenConnection> {
    try {
      // Imported only here: the client library loads slowly, and most nodes have no backend.
      const { OpenConnection, timedOut } = await import('./open-connection.js');
      const opening = this.#opening ?? this.#opened(OpenConnection);
      const open = await this.#inTime(opening, timedOut(this.#settings));
      this.#opening = undefined;
      if (open.isLost) throw new BackendError('unavailable', 'the connection is lost');
      this.#backoff.succeeded();
      this.#lastFailure = undefined;
      return open;
    } catch (error) {
      this.#lastFailure = error;
      this.#retryAtMs = monotonicMs() + this.#backoff.failed();
      throw error;
    }
  }

  /** It goes on when its caller does not wait any longer, and is there for the next one. */
  #opened({ open }: typeof OpenConnection): Promise<OpenConnection> {
    const opening = open(this.#settings, this.#login, this.#times, this.#lookup, this.#stop.signal);
    this.#opening = opening;
    opening.catch(() => {
      if (this.#opening === opening) this.#opening = undefined;
    });
    return opening;
  }

  async #inTime(opening: Promise<OpenConnection>, late: Error): Promise<OpenConnection> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(connectError(late)), this.#times.connectTimeoutMs);
    });
    return Promise.race([opening, timeout]).finally(() => clearTimeout(timer));
  }

  #succeed(successor: OpenConnection): void {
    this.#successor = undefined;
    if (successor.isLost) return;
    this.#open?.close();
    this.#open = successor;
    this.#age.connected(successor.peer, this.#times.connectionMaxAgeMs, monotonicMs());
  }

  #renewIfDue(open: OpenConnection): void {
    const nowMs = monotonicMs();
    const isDue = !this.#isRenewing && nowMs >= this.#retryAtMs && !this.#closed;
    if (!isDue || this.#age.reason(nowMs) === null) return;
    this.#isRenewing = true;
    void this.#renew(open).finally(() => {
      this.#isRenewing = false;
    });
  }

  /**
   * The old connection ends when no new one could be opened for a while, unless the server only has
   * no place for it.
   */
  async #renew(before: OpenConnection): Promise<void> {
    try {
      const successor = await this.#newConnection();
      // The old one was lost meanwhile, and a statement waited for the same connection.
      if (this.#open === successor) return;
      if (this.#closed || this.#open !== before) successor.close();
      else this.#successor = successor;
    } catch (error) {
      const isFull = error instanceof BackendError && isFullError(error);
      if (!isFull && this.#age.isOverdue(monotonicMs())) before.destroy();
    }
  }

  #unavailable(): BackendError {
    const { errno = 0, cause } =
      this.#lastFailure instanceof BackendError ? this.#lastFailure : { cause: this.#lastFailure };
    return new BackendError('unavailable', messageOf(this.#lastFailure), errno, { cause });
  }
}
