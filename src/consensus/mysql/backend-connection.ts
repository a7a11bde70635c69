/**
 * A connection to the backend that reconnects: on demand, with back-off after a failure. While a
 * back-off runs, statements fail at once with the last error instead of waiting.
 */
import type { LookupFunction } from 'node:net';
import { Backoff } from '../../base/backoff.js';
import { monotonicMs } from '../../base/clock.js';
import { messageOf } from '../../base/errors.js';
import type { BackendSettings } from '../../config/settings.js';
import { BackendError } from './backend-error.js';
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
  readonly #times: BackendTimes;
  readonly #lookup: LookupFunction;
  #open: OpenConnection | undefined;
  readonly #backoff = new Backoff(RECONNECT_BACKOFF);
  #retryAtMs = 0;
  #lastFailure: unknown;
  #closed = false;

  constructor(settings: BackendSettings, times: BackendTimes, lookup: LookupFunction) {
    this.#settings = settings;
    this.#times = times;
    this.#lookup = lookup;
  }

  async select(sql: string, values: readonly SqlParameter[] = []): Promise<readonly BackendRow[]> {
    const connection = await this.#connected();
    return (await connection.query(sql, values)) as readonly BackendRow[];
  }

  /** Resolves with the number of rows inserted or matched, whether changed or not. */
  async change(sql: string, values: readonly SqlParameter[] = []): Promise<number> {
    const connection = await this.#connected();
    const result = (await connection.query(sql, values)) as { readonly affectedRows: number };
    return result.affectedRows;
  }

  close(): void {
    this.#closed = true;
    this.#open?.close();
  }

  async #connected(): Promise<OpenConnection> {
    if (this.#open !== undefined && !this.#open.isLost) return this.#open;
    if (this.#closed) throw new BackendError('unavailable', 'the node is stopping');
    if (monotonicMs() < this.#retryAtMs) throw this.#unavailable();
    try {
      // Imported only here: the client library loads slowly, and most nodes have no backend.
      const { OpenConnection } = await import('./open-connection.js');
      const open = await OpenConnection.open(this.#settings, this.#times, this.#lookup);
      this.#backoff.succeeded();
      this.#lastFailure = undefined;
      this.#open = open;
      if (this.#closed) open.close();
      return open;
    } catch (error) {
      this.#lastFailure = error;
      this.#retryAtMs = monotonicMs() + this.#backoff.failed();
      throw error;
    }
  }

  #unavailable(): BackendError {
    const { errno = 0, cause } =
      this.#lastFailure instanceof BackendError ? this.#lastFailure : { cause: this.#lastFailure };
    return new BackendError('unavailable', messageOf(this.#lastFailure), errno, { cause });
  }
}
