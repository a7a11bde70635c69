/**
 * The operators' commands as SQL. Each is one statement, and so atomic without a transaction, with
 * the semantics of src/throttle/state.ts, by the database's clock.
 *
 * An entry is lifted by setting its expiry to now, never by deleting its row: a node of the
 * original keeps entries in memory whose rows it no longer finds.
 */
import {
  type AppKey,
  DEFAULT_TTL_MINUTES,
  NO_EXPIRY,
  type RecoverHost,
  type SkipHost,
  type ThrottleApp,
  type UnthrottleApp,
} from '../../throttle/commands.js';
import { portEntryPrefix } from '../../throttle/skipped-host.js';
import type { SqlParameter } from './open-connection.js';

export interface BackendStatement {
  readonly sql: string;
  readonly values: readonly SqlParameter[];
}

/**
 * The latest time that a TIMESTAMP column holds, in seconds (MySQL manual, "The DATE, DATETIME, and
 * TIMESTAMP Types"). In columns without NULL it means "no expiry".
 */
export const LATEST_UNIX_SECONDS = 2 ** 31 - 1;

/** A longer interval could overflow `now() + INTERVAL`, which gives NULL: no expiry. */
const TTL_MAX_SECONDS = LATEST_UNIX_SECONDS;

const LATEST = `FROM_UNIXTIME(${LATEST_UNIX_SECONDS})`;

/** Conditions for live rows. In the second of its expiry a row has expired. */
export const LIVE_APP = '(expires_at IS NULL OR expires_at > now())';
/** Of a table whose entries all expire. */
export const LIVE_ENTRY = 'expires_at > now()';

export const EXPIRY = `LEAST(now() + INTERVAL ? SECOND, ${LATEST})`;

/** The commands whose entries the tables of the original hold. */
type OriginalCommand = ThrottleApp | UnthrottleApp | SkipHost | RecoverHost;

/** `nullableExpiry`: whether `throttled_apps.expires_at` takes NULL. */
export function statementOf(command: OriginalCommand, nullableExpiry: boolean): BackendStatement {
  switch (command.kind) {
    case 'throttleApp':
      return throttleApp(command, nullableExpiry);
    case 'unthrottleApp':
      return unthrottleApp(command);
    case 'skipHost':
      return {
        sql: `INSERT INTO skipped_hosts (host_name, skipped_at, expires_at)
          VALUES (?, now(), ${EXPIRY}) ON DUPLICATE KEY UPDATE host_name = VALUES(host_name),
          skipped_at = VALUES(skipped_at), expires_at = VALUES(expires_at)`,
        values: [command.host, ttlSeconds(command.atMs, command.expireAtMs)],
      };
    case 'recoverHost':
      return recoverHost(command.host);
  }
}

/**
 * MySQL evaluates the assignments from left to right, each with the results of those before
 * (manual, "UPDATE Statement"): the ratio comes before the expiry on which it depends.
 */
function throttleApp(command: ThrottleApp, nullableExpiry: boolean): BackendStatement {
  const { atMs, expireAtMs, ratio } = command;
  const hasNoExpiry = expireAtMs === NO_EXPIRY;
  const expiry = hasNoExpiry ? (nullableExpiry ? 'NULL' : LATEST) : EXPIRY;
  const seconds =
    expireAtMs === undefined ? DEFAULT_TTL_MINUTES * 60 : ttlSeconds(atMs, expireAtMs);
  const unchangedRatio = `IF(${LIVE_APP} AND ratio >= 0, ratio, 1)`;
  const unchangedExpiry = `IF(${LIVE_APP}, expires_at, VALUES(expires_at))`;
  return {
    sql: `INSERT INTO throttled_apps (app_name, throttled_at, expires_at, ratio)
      VALUES (?, now(), ${expiry}, ?) ON DUPLICATE KEY UPDATE app_name = VALUES(app_name),
      throttled_at = VALUES(throttled_at),
      ratio = ${ratio === undefined ? unchangedRatio : 'VALUES(ratio)'},
      expires_at = ${expireAtMs === undefined ? unchangedExpiry : 'VALUES(expires_at)'}`,
    values: [command.key, ...(hasNoExpiry ? [] : [seconds]), ratio ?? 1],
  };
}

function unthrottleApp({ key, everyStore }: UnthrottleApp): BackendStatement {
  const { condition, values } = namedEntries(key, everyStore);
  return {
    sql: `UPDATE throttled_apps SET expires_at = now() WHERE ${condition} AND ${LIVE_APP}`,
    values,
  };
}

/** The condition for the entry of an app, or with `everyStore` for those of all its stores too. */
export function namedEntries(
  key: AppKey,
  everyStore: boolean,
): { readonly condition: string; readonly values: readonly SqlParameter[] } {
  if (!everyStore) return { condition: 'app_name = ?', values: [key] };
  return {
    condition: "(app_name = ? OR app_name LIKE ? ESCAPE '|')",
    values: [key, `${likePattern(key)}/%`],
  };
}

function recoverHost(host: string): BackendStatement {
  const prefix = portEntryPrefix(host);
  const isPort = `(host_name LIKE ? ESCAPE '|' AND SUBSTRING(host_name, ?) REGEXP '^[0-9]+$')`;
  return {
    sql: `UPDATE skipped_hosts SET expires_at = now()
      WHERE (host_name = ? OR ${isPort}) AND ${LIVE_ENTRY}`,
    values: [host, `${likePattern(prefix)}%`, [...prefix].length + 1],
  };
}

function likePattern(text: string): string {
  return text.replace(/[|%_]/g, '|$&');
}

/**
 * Never negative: to the original such a row is permanent, to the database it expired long ago.
 */
export function ttlSeconds(atMs: number, expireAtMs: number): number {
  return Math.min(TTL_MAX_SECONDS, Math.max(0, Math.ceil((expireAtMs - atMs) / 1_000)));
}
