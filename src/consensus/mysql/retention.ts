/**
 * Bounds the size of the tables.
 *
 * A lifted entry stays in its table as an expired row, because a node of the original holds entries
 * in memory and learns that one was lifted only by reading that row, every 10 s when it can. So
 * rows are deleted only a week after their expiry, and services a week after their last report;
 * live rows, rows without expiry and the rows of the election never. New names are refused while a
 * table has too many rows.
 *
 * Of this project's own tables, `freno_commands` keeps the last commands, and `freno_notes` what
 * was said of entries in force.
 */
import { monotonicMs } from '../../base/clock.js';
import type { Logger } from '../../base/log.js';
import type { OperatorCommand } from '../../throttle/commands.js';
import { RECENT_COMMANDS_MAX } from '../../throttle/recent-commands.js';
import type { BackendConnection } from './backend-connection.js';
import type { OwnTables } from './own-tables.js';
import type { EndedNote } from './state-reader.js';
import type { Tables } from './tables.js';
import { TransitionLog } from './transition-log.js';

/** Rows of each table, expired ones included, beyond which new names are refused. */
const ROWS_MAX = 100_000;

const RETENTION_DAYS = 7;

/** Rows that one statement deletes: it must hold its locks briefly. */
const DELETED_MAX = 1_000;

/** Commands come faster than entries expire; each is a short row. */
const COMMANDS_DELETED_MAX = 10_000;

/** How often rows are deleted and counted. */
const PRUNE_INTERVAL_MS = 60_000;

const OWN_COUNTED = ['freno_exempted_apps', 'freno_thresholds'] as const;

type CountedTable = 'throttled_apps' | 'skipped_hosts' | (typeof OWN_COUNTED)[number];

export class Retention {
  readonly #connection: BackendConnection;
  readonly #own: OwnTables;
  readonly #faults: TransitionLog;
  readonly #rows: Record<CountedTable, number> = {
    throttled_apps: 0,
    skipped_hosts: 0,
    freno_exempted_apps: 0,
    freno_thresholds: 0,
  };
  #nextAtMs = 0;

  constructor(connection: BackendConnection, own: OwnTables, log: Logger) {
    this.#connection = connection;
    this.#own = own;
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
  async pruneIfDue(tables: Tables, endedNotes: readonly EndedNote[]): Promise<void> {
    if (monotonicMs() < this.#nextAtMs) return;
    this.#nextAtMs = monotonicMs() + PRUNE_INTERVAL_MS;
    try {
      await this.#prune('throttled_apps');
      await this.#prune('skipped_hosts');
      if (tables.health) await this.#delete('service_health', 'last_seen_active');
      for (const table of OWN_COUNTED) if (this.#own.has(table)) await this.#prune(table);
      if (this.#own.has('freno_commands')) await this.#deleteCommands();
      if (this.#own.has('freno_notes')) await this.#deleteNotes(endedNotes);
      this.#faults.succeeded();
    } catch (error) {
      this.#faults.failed(error);
    }
  }

  async #prune(table: CountedTable): Promise<void> {
    const [row] = await this.#connection.select(`SELECT COUNT(*) AS row_count FROM ${table}`);
    this.#rows[table] = Number(row?.row_count);
    await this.#delete(table, 'expires_at');
  }

  async #delete(table: string, column: string): Promise<void> {
    await this.#connection.change(
      `DELETE FROM ${table} WHERE ${column} < now() - INTERVAL ${RETENTION_DAYS} DAY
        LIMIT ${DELETED_MAX}`,
    );
  }

  async #deleteCommands(): Promise<void> {
    const [row] = await this.#connection.select(
      `SELECT id FROM freno_commands ORDER BY id DESC LIMIT 1 OFFSET ${RECENT_COMMANDS_MAX}`,
    );
    if (row === undefined) return;
    await this.#connection.change(
      `DELETE FROM freno_commands WHERE id <= ? ORDER BY id LIMIT ${COMMANDS_DELETED_MAX}`,
      [Number(row.id)],
    );
  }

  /** Unless one was written again since: it is that of another entry then. */
  async #deleteNotes(ended: readonly EndedNote[]): Promise<void> {
    for (const { kind, name, at } of ended.slice(0, DELETED_MAX)) {
      await this.#connection.change(
        'DELETE FROM freno_notes WHERE kind = ? AND name = ? AND noted_at = FROM_UNIXTIME(?)',
        [kind, name, at],
      );
    }
  }
}

function tableOf(command: OperatorCommand): CountedTable | null {
  switch (command.kind) {
    case 'throttleApp':
      return 'throttled_apps';
    case 'skipHost':
      return 'skipped_hosts';
    case 'exemptApp':
      return 'freno_exempted_apps';
    case 'setThreshold':
      return 'freno_thresholds';
    default:
      return null;
  }
}
