/** The tables of the backend: created where missing, and checked at the start. */

import type { BackendConnection } from './backend-connection.js';
import { BackendError, SERVER_ERROR } from './backend-error.js';

/** The differences between backends that matter. */
export interface Tables {
  /** Whether `service_health` exists; without it there is no list of healthy services. */
  readonly health: boolean;
  /** Whether `throttled_apps.expires_at` may be NULL. In the original's first tables it may not. */
  readonly nullableExpiry: boolean;
}

/** As in memory: names are compared byte by byte, those of hosts without case. */
export const TABLE_OPTIONS =
  'ENGINE = InnoDB DEFAULT CHARACTER SET = utf8mb4 COLLATE = utf8mb4_bin';

export interface TableDefinition {
  /** Columns that our statements use. */
  readonly columns: string;
  /** For a backend without the table. */
  readonly create: string;
}

/** The tables that the original has too. The same as resources/mysql-backend.sql. */
const DEFINITIONS = {
  service_election: {
    columns: 'domain, share_domain, service_id, last_seen_active',
    create: `CREATE TABLE IF NOT EXISTS service_election (
  domain varchar(32) NOT NULL,
  share_domain varchar(32) NOT NULL,
  service_id varchar(128) NOT NULL,
  last_seen_active timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (domain),
  KEY share_domain_idx (share_domain, last_seen_active)
) ${TABLE_OPTIONS}`,
  },
  service_health: {
    columns: 'service_id, domain, share_domain, last_seen_active',
    create: `CREATE TABLE IF NOT EXISTS service_health (
  service_id varchar(128) NOT NULL,
  domain varchar(32) NOT NULL,
  share_domain varchar(32) NOT NULL,
  last_seen_active timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (service_id),
  KEY last_seen_active_idx (last_seen_active)
) ${TABLE_OPTIONS}`,
  },
  throttled_apps: {
    columns: 'app_name, throttled_at, expires_at, ratio',
    create: `CREATE TABLE IF NOT EXISTS throttled_apps (
  app_name varchar(128) NOT NULL,
  throttled_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  expires_at timestamp NULL DEFAULT NULL,
  ratio double DEFAULT NULL,
  PRIMARY KEY (app_name),
  KEY expires_at_idx (expires_at)
) ${TABLE_OPTIONS}`,
  },
  skipped_hosts: {
    columns: 'host_name, skipped_at, expires_at',
    create: `CREATE TABLE IF NOT EXISTS skipped_hosts (
  host_name varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL,
  skipped_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  expires_at timestamp NULL DEFAULT NULL,
  PRIMARY KEY (host_name),
  KEY expires_at_idx (expires_at)
) ${TABLE_OPTIONS}`,
  },
} as const satisfies Record<string, TableDefinition>;

/** The definitions, for the test that compares them with the file for operators. */
export const TABLE_DEFINITIONS: readonly string[] = Object.values(DEFINITIONS).map(
  ({ create }) => create,
);

/** Rejects with a `BackendError` when a table cannot be created, or lacks a column. */
export async function prepareTables(connection: BackendConnection): Promise<Tables> {
  const { service_election, throttled_apps, skipped_hosts } = DEFINITIONS;
  await prepareTable(connection, 'service_election', service_election);
  await prepareTable(connection, 'throttled_apps', throttled_apps);
  await prepareTable(connection, 'skipped_hosts', skipped_hosts);
  return {
    health: await prepareHealthTable(connection),
    nullableExpiry: await hasNullableExpiry(connection),
  };
}

/** Rejects with a `BackendError` when the table cannot be created, or lacks a column. */
export async function prepareTable(
  connection: BackendConnection,
  name: string,
  { columns, create }: TableDefinition,
): Promise<void> {
  const probe = `SELECT ${columns} FROM ${name} LIMIT 0`;
  try {
    await connection.select(probe);
  } catch (error) {
    if (!isRefusal(error, SERVER_ERROR.noSuchTable)) throw error;
    // Only here: CREATE TABLE IF NOT EXISTS needs its privilege even where the table exists.
    await connection.change(create);
    await connection.select(probe);
  }
}

async function prepareHealthTable(connection: BackendConnection): Promise<boolean> {
  try {
    await prepareTable(connection, 'service_health', DEFINITIONS.service_health);
    return true;
  } catch (error) {
    if (error instanceof BackendError && error.fault === 'refused') return false;
    throw error;
  }
}

async function hasNullableExpiry(connection: BackendConnection): Promise<boolean> {
  const [row] = await connection.select(
    `SELECT is_nullable = 'YES' AS nullable FROM information_schema.columns
      WHERE table_schema = DATABASE() AND table_name = 'throttled_apps'
        AND column_name = 'expires_at'`,
  );
  return Number(row?.nullable) === 1;
}

function isRefusal(error: unknown, errno: number): boolean {
  return error instanceof BackendError && error.fault === 'refused' && error.errno === errno;
}
