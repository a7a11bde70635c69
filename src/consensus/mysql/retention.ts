/**
 * Bounds the size of the tables.
 *
 * A lifted entry stays in its table as an expired row, because a node of the original holds entries
 * in memory and learns that one was lifted only by reading that row, every 10 s when it can. So
 * rows are deleted only a week after their expiry, and services a week after their last report;
 * live rows, rows without expiry and the rows of the election never. New names are refused while a
 * table has too many rows.
 */
import { monotonicMs } from '../../base/clock.js';
import type { Logger } from '../../base/log.js';
import type { OperatorCommand } from '../../throttle/commands.js';
import type { BackendConnection } from './backend-connection.js';
import type { Tables } from './tables.js';
import { TransitionLog } from './transition-log.js';

/** Rows of either table, expired ones included, beyond which new names are refused. */
const ROWS_MAX = 100_000;

const RETENTION_DAYS = 7;

/** Rows that one statement deletes: it must hold its locks briefly. */
const DELETED_MAX = 1_000;

/** How often rows are deleted and counted. */
const PRUNE_INTERVAL_MS = 60_000;

type CountedTable = 'throttled_apps' | 'skipped_hosts';

export class Retention {
  readonly #connection: BackendConnection;
  readonly #faults: TransitionLog;
  readonly #rows: Record<CountedTable, number> = { throttled_apps: 0, skipped_hosts: 0 };
  #nextAtMs = 0;

  constructor(connection: BackendConnection, log: Logger) {
    this.#connection = connection;
    this.#faults = new TransitionLog(log, 'MySQL backend: deleting expired rows');
  }

  /** Whether the table that the command may add a row to has room. */
  hasRoom(command: OperatorCommand): boolean {
    const table = tableOf(command);
    return table === null || this.#rows[table] < ROWS_MAX;
  }

  /** Counts a command that may have added a row, until the rows are counted again. */
  count(command: OperatorCommand): void {
    const table = tableOf(command);
    if (table !== null) this.#rows[table]++;
  }

  /**
   * Once in `PRUNE_INTERVAL_MS`: deletes up to `DELETED_MAX` expired rows of each table, and counts
   * the rows. Does not reject: a failure is logged, and the next time retries.
   */
  async pruneIfDue(tables: Tables): Promise<void> {
    if (monotonicMs() < this.#nextAtMs) return;
    this.#nextAtMs = monotonicMs() + PRUNE_INTERVAL_MS;
    try {
      await this.#countRows('throttled_apps');
      await this.#countRows('skipped_hosts');
      await this.#delete('throttled_apps', 'expires_at');
      await this.#delete('skipped_hosts', 'expires_at');
      if (tables.health) await this.#delete('service_health', 'last_seen_active');
      this.#faults.succeeded();
    } catch (error) {
      this.#faults.failed(error);
    }
  }

  async #countRows(table: CountedTable): Promise<void> {
    const [row] = await this.#connection.select(`SELECT COUNT(*) AS row_count FROM ${table}`);
    this.#rows[table] = Number(row?.row_count);
  }

  async #delete(table: string, column: string): Promise<void> {
    await this.#connection.change(
      `DELETE FROM ${table} WHERE ${column} < now() - INTERVAL ${RETENTION_DAYS} DAY
        LIMIT ${DELETED_MAX}`,
    );
  }
}

function tableOf(command: OperatorCommand): CountedTable | null {
  switch (command.kind) {
    case 'throttleApp':
      return 'throttled_apps';
    case 'skipHost':
      return 'skipped_hosts';
    default:
      return null;
  }
}
