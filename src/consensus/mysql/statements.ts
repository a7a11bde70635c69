/**
 * The operators' commands as statements: each one statement, so each takes effect whole or not at
 * all, and with the meaning that src/throttle/state.ts gives them, by the database's clock.
 *
 * What the original's nodes need is kept: an entry is lifted by letting it expire now, never by
 * deleting its row, because they keep what they no longer find.
 */
import {
  type Command,
  DEFAULT_TTL_MINUTES,
  NO_EXPIRY,
  type ThrottleApp,
  type UnthrottleApp,
} from '../../throttle/commands.js';
import type { SqlParameter } from './open-connection.js';

export interface BackendStatement {
  readonly sql: string;
  readonly values: readonly SqlParameter[];
}

/**
 * The latest time that a column of type TIMESTAMP takes, in seconds. Where there is no NULL, it
 * stands for "no expiry".
 */
export const LATEST_UNIX_SECONDS = 2 ** 31 - 1;

/** Beyond, `now() + INTERVAL` might overflow, which gives NULL: no expiry. */
const TTL_MAX_SECONDS = LATEST_UNIX_SECONDS;

const LATEST = `FROM_UNIXTIME(${LATEST_UNIX_SECONDS})`;

/** Condition on the rows that count. In the second of its expiry a row has expired. */
export const LIVE_APP = '(expires_at IS NULL OR expires_at > now())';
export const LIVE_HOST = 'expires_at > now()';

const EXPIRY = `LEAST(now() + INTERVAL ? SECOND, ${LATEST})`;

/** `nullableExpiry`: whether `throttled_apps.expires_at` takes NULL. */
export function statementOf(command: Command, nullableExpiry: boolean): BackendStatement {
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
      return {
        sql: `UPDATE skipped_hosts SET expires_at = now() WHERE host_name = ? AND ${LIVE_HOST}`,
        values: [command.host],
      };
  }
}

/**
 * The assignments run from left to right and see each other's results: the ratio comes before the
 * expiry it depends on.
 */
function throttleApp(command: ThrottleApp, nullableExpiry: boolean): BackendStatement {
  const { atMs, expireAtMs, ratio } = command;
  const endless = expireAtMs === NO_EXPIRY;
  const expiry = endless ? (nullableExpiry ? 'NULL' : LATEST) : EXPIRY;
  const seconds =
    expireAtMs === undefined ? DEFAULT_TTL_MINUTES * 60 : ttlSeconds(atMs, expireAtMs);
  const keptRatio = `IF(${LIVE_APP} AND ratio >= 0, ratio, 1)`;
  const keptExpiry = `IF(${LIVE_APP}, expires_at, VALUES(expires_at))`;
  return {
    sql: `INSERT INTO throttled_apps (app_name, throttled_at, expires_at, ratio)
      VALUES (?, now(), ${expiry}, ?) ON DUPLICATE KEY UPDATE app_name = VALUES(app_name),
      throttled_at = VALUES(throttled_at),
      ratio = ${ratio === undefined ? keptRatio : 'VALUES(ratio)'},
      expires_at = ${expireAtMs === undefined ? keptExpiry : 'VALUES(expires_at)'}`,
    values: [command.key, ...(endless ? [] : [seconds]), ratio ?? 1],
  };
}

function unthrottleApp({ key, everyStore }: UnthrottleApp): BackendStatement {
  const which = everyStore ? "(app_name = ? OR app_name LIKE ? ESCAPE '|')" : 'app_name = ?';
  const stores = `${key.replace(/[|%_]/g, '|$&')}/%`;
  return {
    sql: `UPDATE throttled_apps SET expires_at = now() WHERE ${which} AND ${LIVE_APP}`,
    values: everyStore ? [key, stores] : [key],
  };
}

/**
 * Never negative: the database would take such a row for one that expired long ago, the original
 * for a permanent one.
 */
function ttlSeconds(atMs: number, expireAtMs: number): number {
  return Math.min(TTL_MAX_SECONDS, Math.max(0, Math.ceil((expireAtMs - atMs) / 1_000)));
}
