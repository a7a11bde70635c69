/** The rows of the tables as the replicated state; there may be many. */
import { mapInSlices, TimeSlice } from '../../base/time-slice.js';
import { type CommandOrigin, NO_EXPIRY, type OperatorCommand } from '../../throttle/commands.js';
import type { EntryNote, TableRow } from '../../throttle/entry-table.js';
import { EMPTY_IMAGE, type StateImage } from '../../throttle/state.js';
import type { BackendRow } from './open-connection.js';
import { LATEST_UNIX_SECONDS } from './statements.js';

/** What was said of an entry; the time in seconds by the database's clock. */
export interface NoteRow {
  readonly at: number;
  readonly reason: string | null;
  readonly owner: string | null;
}

/** An entry of any table: times in seconds by the database's clock. */
export interface EntryRow {
  readonly name: string;
  /** Null: no expiry. */
  readonly expires: number | null;
  /** A ratio or a threshold; 0 where the table has neither. */
  readonly number: number;
  readonly note: NoteRow | null;
}

export interface StateRows {
  readonly apps: readonly EntryRow[];
  readonly hosts: readonly EntryRow[];
  readonly exemptions: readonly EntryRow[];
  readonly thresholds: readonly EntryRow[];
  /** Oldest first. */
  readonly commands: readonly BackendRow[];
}

export const NO_ROWS: StateRows = {
  apps: [],
  hosts: [],
  exemptions: [],
  thresholds: [],
  commands: [],
};

/** Names in the tables of both programs are shorter. */
const NAME_LENGTH_MAX = 512;

/** Whether a node of either program may have written the row: what is in a table is foreign. */
export function isUsable({ name, expires, number }: EntryRow): boolean {
  return (
    name !== '' &&
    name.length <= NAME_LENGTH_MAX &&
    Number.isFinite(number) &&
    (expires === null || Number.isFinite(expires))
  );
}

/** `clockOffsetMs`: this node's clock minus the database's. */
export async function imageOf(rows: StateRows, clockOffsetMs: number): Promise<StateImage> {
  const toLocalMs = (seconds: number): number => Math.round(seconds * 1_000 + clockOffsetMs);
  const entryOf = ({ expires, note }: EntryRow) => ({
    expireAtMs: expires === null ? NO_EXPIRY : toLocalMs(expires),
    ...(note !== null && { note: entryNote(note, toLocalMs) }),
  });
  const slice = new TimeSlice();
  const tableOf = <Entry>(entries: readonly EntryRow[], entry: (row: EntryRow) => Entry) =>
    mapInSlices(entries, (row): TableRow<Entry> => [row.name, entry(row)], slice);
  return {
    ...EMPTY_IMAGE,
    sweptAtMs: Date.now(),
    throttledApps: await tableOf(rows.apps, (row) => ({ ...entryOf(row), ratio: row.number })),
    skippedHosts: await tableOf(rows.hosts, entryOf),
    exemptedApps: await tableOf(rows.exemptions, entryOf),
    thresholds: await tableOf(rows.thresholds, (row) => ({ ...entryOf(row), value: row.number })),
    recentCommands: rows.commands.flatMap((row) => commandOf(row, toLocalMs) ?? []),
  };
}

export async function sameRows(left: StateRows, right: StateRows): Promise<boolean> {
  const slice = new TimeSlice();
  return (
    (await sameEntries(left.apps, right.apps, slice)) &&
    (await sameEntries(left.hosts, right.hosts, slice)) &&
    (await sameEntries(left.exemptions, right.exemptions, slice)) &&
    (await sameEntries(left.thresholds, right.thresholds, slice)) &&
    left.commands.length === right.commands.length &&
    left.commands.every((command, index) => command.id === right.commands[index]!.id)
  );
}

/** The columns `reason`, `owner` and the time of a note; null: neither is set. */
export function noteRow(at: unknown, { reason, owner }: BackendRow): NoteRow | null {
  if (reason === null && owner === null) return null;
  return { at: Number(at), reason: textOrNull(reason), owner: textOrNull(owner) };
}

/** Seconds of a column that takes NULL; null: no expiry. */
export function expirySeconds(expires: unknown): number | null {
  return expires === null || Number(expires) >= LATEST_UNIX_SECONDS ? null : Number(expires);
}

/** Null: of a kind that this release does not know, or without a time. */
function commandOf(
  row: BackendRow,
  toLocalMs: (seconds: number) => number,
): OperatorCommand | null {
  const name = String(row.name);
  const atMs = toLocalMs(Number(row.given));
  const ttlSeconds = row.ttl_seconds === null ? null : Number(row.ttl_seconds);
  if (!Number.isFinite(atMs) || !Number.isFinite(ttlSeconds ?? 0)) return null;
  const origin: CommandOrigin = {
    atMs,
    ...(row.client !== null && { client: String(row.client) }),
    ...(row.caller !== null && { caller: String(row.caller) }),
    ...(row.node !== null && { node: String(row.node) }),
    ...(row.reason !== null && { reason: String(row.reason) }),
    ...(row.owner !== null && { owner: String(row.owner) }),
  };
  const expireAtMs = ttlSeconds === 0 ? NO_EXPIRY : atMs + (ttlSeconds ?? 0) * 1_000;
  const everyStore = Number(row.every_store) === 1;
  switch (row.kind as OperatorCommand['kind']) {
    case 'throttleApp': {
      const ratio = row.ratio === null ? {} : { ratio: Number(row.ratio) };
      const end = ttlSeconds === null ? {} : { expireAtMs };
      return { kind: 'throttleApp', ...origin, key: name, ...end, ...ratio };
    }
    case 'unthrottleApp':
      return { kind: 'unthrottleApp', ...origin, key: name, everyStore };
    case 'skipHost':
      return { kind: 'skipHost', ...origin, host: name, expireAtMs };
    case 'recoverHost':
      return { kind: 'recoverHost', ...origin, host: name };
    case 'exemptApp':
      return { kind: 'exemptApp', ...origin, key: name, expireAtMs };
    case 'unexemptApp':
      return { kind: 'unexemptApp', ...origin, key: name, everyStore };
    case 'setThreshold':
      return {
        kind: 'setThreshold',
        ...origin,
        key: name,
        value: Number(row.threshold),
        expireAtMs,
      };
    case 'resetThreshold':
      return { kind: 'resetThreshold', ...origin, key: name };
    default:
      return null;
  }
}

function entryNote(
  { at, reason, owner }: NoteRow,
  toLocalMs: (seconds: number) => number,
): EntryNote {
  return {
    atMs: toLocalMs(at),
    ...(reason !== null && { reason }),
    ...(owner !== null && { owner }),
  };
}

async function sameEntries(
  left: readonly EntryRow[],
  right: readonly EntryRow[],
  slice: TimeSlice,
): Promise<boolean> {
  if (left.length !== right.length) return false;
  for (const [index, row] of left.entries()) {
    if (!sameEntry(row, right[index]!)) return false;
    if (slice.shouldYield) await slice.yield();
  }
  return true;
}

function sameEntry(left: EntryRow, right: EntryRow): boolean {
  return (
    left.name === right.name &&
    left.expires === right.expires &&
    left.number === right.number &&
    left.note?.at === right.note?.at &&
    left.note?.reason === right.note?.reason &&
    left.note?.owner === right.note?.owner
  );
}

function textOrNull(value: unknown): string | null {
  return value === null ? null : String(value);
}
