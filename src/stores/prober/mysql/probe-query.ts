/** One metric on the connection to one host: what is sent, when, and what the results mean. */
import { monotonicMs } from '../../../base/clock.js';
import {
  hostFailure,
  isLimitError,
  isPrivilegeError,
  type MySQLFailure,
} from '../../../base/mysql/failure.js';
import type { ResultRows, TextField } from '../../../base/mysql/text-query.js';
import { CounterRate } from './counter-rate.js';
import type { Metric, MetricStatement } from './metric.js';

/** Errors of the server in a row after which a new connection may help. */
const ERRORS_IN_ROW_MAX = 3;

/**
 * A rate needs a second reading: where values are cached, it comes after this time at the latest.
 */
const SECOND_READING_MS = 1_000;

/** Receives the readings of one metric on one host. */
export interface ReadingListener {
  /** `readAtMs`: `monotonicMs()` when the query was sent; the value is no older than that. */
  succeeded(value: number, readAtMs: number, nowMs: number): void;
  failed(failure: MySQLFailure, atMs: number): void;
}

/** Where attempts are counted. */
export interface ProbeCounters {
  /** An attempt has ended, `tookMs` after its query, or its dial, began. */
  finished(tookMs: number): void;
  /** The attempt that was counted last has failed. */
  failed(): void;
}

export class ProbeQuery {
  readonly #metric: Metric;
  readonly listener: ReadingListener;
  readonly counters: ProbeCounters;
  readonly #rate: CounterRate | null;
  readonly #cacheMs: number;
  #cachedUntilMs = 0;
  #pausedUntilMs = 0;
  /** What was sent before this `monotonicMs()` is not reused. */
  #dueSinceMs = 0;
  /** The statements to try on the server of this connection, and the index of the current one. */
  #statements: readonly MetricStatement[] = [];
  #statement = 0;
  #needsNewConnection = false;
  #errorsInRow = 0;

  /** `cacheMs`: how long a value is reused; 0: not at all. */
  constructor(metric: Metric, cacheMs: number, listener: ReadingListener, counters: ProbeCounters) {
    this.#metric = metric;
    this.#cacheMs = cacheMs;
    this.listener = listener;
    this.counters = counters;
    this.#rate = metric.isRate ? new CounterRate() : null;
  }

  get statement(): string {
    return this.#statements[this.#statement]!.text;
  }

  /** `monotonicMs()` until which the value is reused. */
  get cachedUntilMs(): number {
    return this.#cachedUntilMs;
  }

  /** Whether the value is still valid by `CacheMillis`. */
  isCached(nowMs: number): boolean {
    return nowMs < this.#cachedUntilMs;
  }

  isPaused(nowMs: number): boolean {
    return nowMs < this.#pausedUntilMs;
  }

  /** Whether the next query must be the first of a new connection, for a grant to count. */
  get needsNewConnection(): boolean {
    return this.#needsNewConnection;
  }

  /** The next query is due at once, and compared with no earlier one. */
  restart(): void {
    this.beDue();
    this.#rate?.restart();
  }

  /** The next query is due at once, also if one is in flight. */
  beDue(): void {
    this.#dueSinceMs = monotonicMs();
    this.#cachedUntilMs = 0;
    this.#pausedUntilMs = 0;
  }

  /** There is a new connection, to a server of that version. */
  connected(serverVersion: string): void {
    this.#statements = this.#metric.statements(serverVersion);
    this.#statement = 0;
    this.#needsNewConnection = false;
    this.#rate?.restart();
  }

  get hasNextStatement(): boolean {
    return this.#statement + 1 < this.#statements.length;
  }

  /** Goes on to the next statement: the server does not know this one. */
  tryNextStatement(): void {
    this.#statement++;
  }

  /**
   * The server has refused the statement. Returns whether it may take another one on a new
   * connection: what is granted later may count for new sessions only, and a session may be bound
   * to what is no longer so, like a password that had expired. An error that repeats is taken for
   * that, unless it says that the statement took too long.
   */
  isLostOnConnection(error: { readonly errno?: number | undefined }): boolean {
    if (isLimitError(error)) return false;
    this.#errorsInRow++;
    return isPrivilegeError(error) || this.#errorsInRow >= ERRORS_IN_ROW_MAX;
  }

  pauseUntil(atMs: number): void {
    this.#pausedUntilMs = atMs;
  }

  /** The server refuses it on this connection. */
  refusedUntil(atMs: number): void {
    this.#pausedUntilMs = atMs;
    this.#needsNewConnection = true;
  }

  /** The result of the statement that was sent at `sentAtMs`. */
  finished(
    rows: ResultRows | null,
    fields: readonly TextField[],
    sentAtMs: number,
    nowMs: number,
    address: string,
  ): void {
    this.#errorsInRow = 0;
    const number = this.#statements[this.#statement]!.read(rows, fields);
    if (typeof number !== 'number') {
      this.failed(hostFailure(address, number.reason), nowMs);
      return;
    }
    const scaled = number * this.#metric.factor;
    const value = this.#rate === null ? scaled : this.#rate.next(scaled, sentAtMs);
    const isFirst = value === null;
    if (sentAtMs >= this.#dueSinceMs) {
      const cacheMs = isFirst ? Math.min(this.#cacheMs, SECOND_READING_MS) : this.#cacheMs;
      this.#cachedUntilMs = sentAtMs + cacheMs;
    }
    if (isFirst) return;
    if (Number.isFinite(value)) this.listener.succeeded(value, sentAtMs, nowMs);
    else this.failed(hostFailure(address, 'the value of the metric is too large'), nowMs);
  }

  failed(failure: MySQLFailure, atMs: number): void {
    this.counters.failed();
    this.listener.failed(failure, atMs);
  }
}
