/**
 * A way to the backend that outlives its connections: connects when it is needed, again after a
 * loss, with back-off.
 */
import type { LookupFunction } from 'node:net';
import { monotonicMs } from '../../base/clock.js';
import { messageOf } from '../../base/errors.js';
import type { BackendSettings } from '../../config/settings.js';
import { BackendError } from './backend-error.js';
import type { BackendRow, OpenConnection, SqlParameter } from './open-connection.js';
import type { BackendTimes } from './options.js';

const BACK_OFF_MIN_MS = 50;
const BACK_OFF_MAX_MS = 1_000;

/**
 * For one caller at a time, who awaits each statement. Both kinds of statement reject with a
 * `BackendError`.
 */
export class BackendConnection {
  readonly #settings: BackendSettings;
  readonly #times: BackendTimes;
  readonly #lookup: LookupFunction;
  #open: OpenConnection | undefined;
  #retryAtMs = 0;
  #backOffMs = 0;
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

  /** Resolves with the number of rows that the statement inserted or found, changed or not. */
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
    if (monotonicMs() < this.#retryAtMs) throw this.#stillDown();
    try {
      // The client library is slow to load, and most nodes have no backend.
      const { OpenConnection } = await import('./open-connection.js');
      const open = await OpenConnection.open(this.#settings, this.#times, this.#lookup);
      this.#backOffMs = 0;
      this.#lastFailure = undefined;
      this.#open = open;
      if (this.#closed) open.close();
      return open;
    } catch (error) {
      this.#backOff(error);
      throw error;
    }
  }

  #backOff(error: unknown): void {
    this.#lastFailure = error;
    this.#backOffMs = Math.min(BACK_OFF_MAX_MS, Math.max(BACK_OFF_MIN_MS, this.#backOffMs * 2));
    // Nodes that lost the same backend shall not come back in step.
    this.#retryAtMs = monotonicMs() + this.#backOffMs * (0.5 + Math.random() / 2);
  }

  #stillDown(): BackendError {
    const { errno = 0, cause } =
      this.#lastFailure instanceof BackendError ? this.#lastFailure : { cause: this.#lastFailure };
    return new BackendError('unavailable', messageOf(this.#lastFailure), errno, { cause });
  }
}
