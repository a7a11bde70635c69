/**
 * The tables of this project's own, for what those of the original cannot hold: exemptions, set
 * thresholds, reasons and owners, and past commands. A node of the original neither reads nor
 * writes them.
 *
 * They are created when they are missing and the user may create them. Without them everything
 * else works, and what needs them is refused, with the name of the table.
 */
import { monotonicMs } from '../../base/clock.js';
import { FrenoError, messageOf } from '../../base/errors.js';
import type { Logger } from '../../base/log.js';
import type { BackendConnection } from './backend-connection.js';
import { BackendError } from './backend-error.js';
import { prepareTable, TABLE_OPTIONS, type TableDefinition } from './tables.js';

/** An operator may create them, or grant a privilege, while the node runs. */
const RETRY_INTERVAL_MS = 60_000;

const NOTE_COLUMNS = `reason varchar(200) DEFAULT NULL,
  owner varchar(200) DEFAULT NULL`;

/** The same as resources/mysql-backend.sql. */
const DEFINITIONS = {
  freno_exempted_apps: {
    columns: 'app_name, exempted_at, expires_at, reason, owner',
    create: `CREATE TABLE IF NOT EXISTS freno_exempted_apps (
  app_name varchar(128) NOT NULL,
  exempted_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  expires_at timestamp NULL DEFAULT NULL,
  ${NOTE_COLUMNS},
  PRIMARY KEY (app_name),
  KEY expires_at_idx (expires_at)
) ${TABLE_OPTIONS}`,
  },
  freno_thresholds: {
    columns: 'metric, threshold, set_at, expires_at, reason, owner',
    create: `CREATE TABLE IF NOT EXISTS freno_thresholds (
  metric varchar(255) NOT NULL,
  threshold double NOT NULL,
  set_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  expires_at timestamp NULL DEFAULT NULL,
  ${NOTE_COLUMNS},
  PRIMARY KEY (metric),
  KEY expires_at_idx (expires_at)
) ${TABLE_OPTIONS}`,
  },
  freno_notes: {
    columns: 'kind, name, noted_at, reason, owner',
    create: `CREATE TABLE IF NOT EXISTS freno_notes (
  kind varchar(16) NOT NULL,
  name varchar(255) NOT NULL,
  noted_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  ${NOTE_COLUMNS},
  PRIMARY KEY (kind, name)
) ${TABLE_OPTIONS}`,
  },
  freno_commands: {
    columns: `id, given_at, kind, name, ttl_seconds, ratio, threshold, every_store, client,
      caller, node, reason, owner`,
    create: `CREATE TABLE IF NOT EXISTS freno_commands (
  id bigint unsigned NOT NULL AUTO_INCREMENT,
  given_at timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  kind varchar(32) NOT NULL,
  name varchar(255) NOT NULL,
  ttl_seconds bigint DEFAULT NULL,
  ratio double DEFAULT NULL,
  threshold double DEFAULT NULL,
  every_store tinyint NOT NULL DEFAULT 0,
  client varchar(64) DEFAULT NULL,
  caller varchar(160) DEFAULT NULL,
  node varchar(300) DEFAULT NULL,
  ${NOTE_COLUMNS},
  PRIMARY KEY (id)
) ${TABLE_OPTIONS}`,
  },
} as const satisfies Record<string, TableDefinition>;

export type OwnTable = keyof typeof DEFINITIONS;

const OWN_TABLES = Object.keys(DEFINITIONS) as OwnTable[];

/** The definitions, for the test that compares them with the file for operators. */
export const OWN_TABLE_DEFINITIONS: readonly string[] = Object.values(DEFINITIONS).map(
  ({ create }) => create,
);

export class OwnTables {
  readonly #connection: BackendConnection;
  readonly #log: Logger;
  /** Why each of them cannot be used; null: not looked at yet. */
  #missing: Map<OwnTable, string> | null = null;
  #retryAtMs = 0;

  constructor(connection: BackendConnection, log: Logger) {
    this.#connection = connection;
    this.#log = log;
  }

  /** Whether the table can be used, as far as is known. */
  has(table: OwnTable): boolean {
    return this.#missing !== null && !this.#missing.has(table);
  }

  /**
   * Looks for all tables, and creates them where possible; again from time to time while some are
   * missing.
   */
  async prepare(): Promise<void> {
    const before = this.#missing;
    if (before !== null && (before.size === 0 || monotonicMs() < this.#retryAtMs)) return;
    this.#retryAtMs = monotonicMs() + RETRY_INTERVAL_MS;
    const missing = new Map<OwnTable, string>();
    for (const table of OWN_TABLES) {
      const reason = await this.#prepareTable(table);
      if (reason !== null) missing.set(table, reason);
    }
    this.#missing = missing;
    const isNews = [...missing.keys()].some((table) => before?.has(table) !== true);
    if (!isNews) return;
    const [[, error]] = [...missing] as [[OwnTable, string]];
    this.#log.warn(
      { tables: [...missing.keys()], error },
      'MySQL backend: tables are missing, and commands that need them are refused',
    );
  }

  /** The next `prepare` looks again. */
  forget(): void {
    this.#missing = null;
  }

  /** A statement on the table was refused: it was dropped, or a privilege is gone. */
  lost(table: OwnTable, error: BackendError): void {
    this.#missing?.set(table, error.message);
    this.#log.warn({ table, error: error.message }, 'MySQL backend: a table cannot be used');
  }

  /** Looks once more for a table that was missing. Rejects with `UNSUPPORTED`, which names it. */
  async require(table: OwnTable): Promise<void> {
    if (this.has(table)) return;
    const reason = await this.#prepareTable(table);
    if (reason === null) {
      this.#missing?.delete(table);
      return;
    }
    throw new FrenoError(
      'UNSUPPORTED',
      `MySQL backend: table ${table} cannot be used (${reason}). Create it with ` +
        'resources/mysql-backend.sql, or grant CREATE and INDEX, and SELECT, INSERT, UPDATE and ' +
        'DELETE, on BackendMySQLSchema to BackendMySQLUser; nothing was changed',
    );
  }

  /** Resolves with the reason why the table cannot be used, or null. */
  async #prepareTable(table: OwnTable): Promise<string | null> {
    try {
      await prepareTable(this.#connection, table, DEFINITIONS[table]);
      return null;
    } catch (error) {
      if (error instanceof BackendError && error.fault === 'refused') return messageOf(error);
      throw error;
    }
  }
}
