/**
 * The SQL for the tables of this project's own (`own-tables.ts`). Times are the database's. Their
 * rows need not stay for nodes of the original: what is lifted is deleted.
 */
import type {
  ExemptApp,
  OperatorCommand,
  ResetThreshold,
  SetThreshold,
  SkipHost,
  ThrottleApp,
  UnexemptApp,
} from '../../throttle/commands.js';
import { hasNote, NO_EXPIRY } from '../../throttle/commands.js';
import type { SqlParameter } from './open-connection.js';
import {
  type BackendStatement,
  EXPIRY,
  LIVE_ENTRY,
  namedEntries,
  ttlSeconds,
} from './statements.js';

/** The statement of a command whose entries are in a table of this project. */
export function ownStatementOf(
  command: ExemptApp | UnexemptApp | SetThreshold | ResetThreshold,
): BackendStatement {
  switch (command.kind) {
    case 'exemptApp':
      return {
        sql: `INSERT INTO freno_exempted_apps (app_name, exempted_at, expires_at, reason, owner)
          VALUES (?, now(), ${EXPIRY}, ?, ?) ON DUPLICATE KEY UPDATE
          exempted_at = VALUES(exempted_at), expires_at = VALUES(expires_at),
          reason = VALUES(reason), owner = VALUES(owner)`,
        values: [command.key, ttlSeconds(command.atMs, command.expireAtMs), ...noteOf(command)],
      };
    case 'unexemptApp': {
      const { condition, values } = namedEntries(command.key, command.everyStore);
      return {
        sql: `DELETE FROM freno_exempted_apps WHERE ${condition} AND ${LIVE_ENTRY}`,
        values,
      };
    }
    case 'setThreshold':
      return {
        sql: `INSERT INTO freno_thresholds (metric, threshold, set_at, expires_at, reason, owner)
          VALUES (?, ?, now(), ${EXPIRY}, ?, ?) ON DUPLICATE KEY UPDATE
          threshold = VALUES(threshold), set_at = VALUES(set_at),
          expires_at = VALUES(expires_at), reason = VALUES(reason), owner = VALUES(owner)`,
        values: [
          ...[command.key, command.value, ttlSeconds(command.atMs, command.expireAtMs)],
          ...noteOf(command),
        ],
      };
    case 'resetThreshold':
      return {
        sql: `DELETE FROM freno_thresholds WHERE metric = ? AND ${LIVE_ENTRY}`,
        values: [command.key],
      };
  }
}

/** The kinds of entries that have their notes beside them, in `freno_notes`. */
export type NotedKind = 'app' | 'host';

/** By which a note is found, whatever the collation of the entries' table. */
export function noteKey(kind: NotedKind, name: string): string {
  return `${kind} ${kind === 'host' ? name.toLowerCase() : name}`;
}

/**
 * To be executed after the statement of the command. The note counts as long as its entry has the
 * time that it has now: a node of the original that writes the entry again ends it.
 */
export function noteStatementOf(command: ThrottleApp | SkipHost): BackendStatement {
  const isApp = command.kind === 'throttleApp';
  const [kind, name] = isApp ? ['app', command.key] : ['host', command.host.toLowerCase()];
  if (!hasNote(command)) {
    return { sql: 'DELETE FROM freno_notes WHERE kind = ? AND name = ?', values: [kind, name] };
  }
  const source = isApp
    ? 'throttled_at, ?, ? FROM throttled_apps WHERE app_name = ?'
    : 'skipped_at, ?, ? FROM skipped_hosts WHERE host_name = ?';
  return {
    sql: `INSERT INTO freno_notes (kind, name, noted_at, reason, owner)
      SELECT ?, ?, ${source} ON DUPLICATE KEY UPDATE noted_at = VALUES(noted_at),
      reason = VALUES(reason), owner = VALUES(owner)`,
    values: [kind, name, ...noteOf(command), isApp ? command.key : command.host],
  };
}

/** The record of a command that took effect. */
export function recordOf(command: OperatorCommand): BackendStatement {
  const { kind, client = null, caller = null, node = null } = command;
  const values = [
    kind,
    'key' in command ? command.key : command.host,
    recordedTtl(command),
    'ratio' in command ? command.ratio : null,
    'value' in command ? command.value : null,
    'everyStore' in command && command.everyStore ? 1 : 0,
    ...[client, caller, node],
    ...noteOf(command),
  ];
  return {
    sql: `INSERT INTO freno_commands (given_at, kind, name, ttl_seconds, ratio, threshold,
        every_store, client, caller, node, reason, owner)
      VALUES (now(3), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    values,
  };
}

/** Seconds, 0 for an entry that does not expire; null: the command has no time. */
function recordedTtl(command: OperatorCommand): number | null {
  if (!('expireAtMs' in command) || command.expireAtMs === undefined) return null;
  const { atMs, expireAtMs } = command;
  return expireAtMs === NO_EXPIRY ? 0 : Math.max(1, ttlSeconds(atMs, expireAtMs));
}

function noteOf({ reason, owner }: OperatorCommand): SqlParameter[] {
  return [reason ?? null, owner ?? null];
}
