/**
 * Reads the operators' entries from their tables as the replicated state. Expiries are times of the
 * database's clock; they are converted to this node's clock by the offset measured at each read, so
 * that a wrong clock of the node changes no TTL.
 */
import type { Logger } from '../../base/log.js';
import { mapInSlices, TimeSlice } from '../../base/time-slice.js';
import type { OperatorCommand } from '../../throttle/commands.js';
import { RECENT_COMMANDS_MAX } from '../../throttle/recent-commands.js';
import type { StateImage } from '../../throttle/state.js';
import type { BackendConnection } from './backend-connection.js';
import { BackendError } from './backend-error.js';
import type { BackendRow } from './open-connection.js';
import { type NotedKind, noteKey } from './own-statements.js';
import type { OwnTable, OwnTables } from './own-tables.js';
import {
  type EntryRow,
  expirySeconds,
  imageOf,
  isUsable,
  NO_ROWS,
  type NoteRow,
  noteRow,
  type StateRows,
  sameRows,
} from './state-rows.js';
import { LIVE_APP, LIVE_ENTRY } from './statements.js';

/** Live entries of each table; more are refused, as they would block the main thread. */
const LIVE_ENTRIES_MAX = 10_000;

/** Notes of both tables of the original, ended ones included. */
const NOTES_MAX = 2 * LIVE_ENTRIES_MAX;

/** When the clock offset changes by more, all expiries are converted again. */
const CLOCK_TOLERANCE_MS = 500;

/** Commands that may commit after one with a higher number: those of as many nodes and more. */
const LATE_COMMANDS_MAX = 100;

/** A note whose entry is not in force, or was written again since. */
export interface EndedNote {
  readonly kind: NotedKind;
  readonly name: string;
  readonly at: number;
}

type EntryTables = Omit<StateRows, 'commands'>;

export class StateReader {
  readonly #connection: BackendConnection;
  readonly #own: OwnTables;
  readonly #log: Logger;
  /** Odd rows at the last read. */
  #leftOut = 0;
  #rows: StateRows = NO_ROWS;
  #ended: EndedNote[] = [];
  /** This node's `Date.now()` minus the database's clock. */
  #clockOffsetMs: number | undefined;

  constructor(connection: BackendConnection, own: OwnTables, log: Logger) {
    this.#log = log;
    this.#connection = connection;
    this.#own = own;
  }

  /** Whether the last read contains the live entry of the command. */
  hasEntryOf(command: OperatorCommand): boolean {
    const name = 'key' in command ? command.key : command.host;
    return this.#entriesOf(command).some((entry) => entry.name === name);
  }

  /** Whether the entry that the command may add fits beside those of the last read. */
  hasRoom(command: OperatorCommand): boolean {
    switch (command.kind) {
      case 'throttleApp':
      case 'skipHost':
      case 'exemptApp':
      case 'setThreshold':
        return this.#entriesOf(command).length < LIVE_ENTRIES_MAX;
      default:
        return true;
    }
  }

  /** Of the last read. */
  endedNotes(): readonly EndedNote[] {
    return this.#ended;
  }

  /**
   * Resolves with the state if it differs from that of the last read, or else null. Rejects with a
   * `BackendError`.
   */
  async read(): Promise<StateImage | null> {
    const clockMoved = await this.#compareClocks();
    const notes = await this.#notes();
    const read = {
      apps: await this.#apps(notes),
      hosts: await this.#hosts(notes),
      exemptions: await this.#exemptions(),
      thresholds: await this.#thresholds(),
    };
    const rows = { ...this.#usable(read), commands: await this.#commands() };
    this.#ended = [...notes.values()].filter(({ isUsed }) => !isUsed);
    const changed = clockMoved || !(await sameRows(rows, this.#rows));
    this.#rows = rows;
    return changed ? imageOf(rows, this.#clockOffsetMs ?? 0) : null;
  }

  /** Makes the next read return the state even if it is unchanged. */
  forget(): void {
    this.#clockOffsetMs = undefined;
  }

  /** Logs how many rows are left out, when that changes. */
  #usable(read: EntryTables): EntryTables {
    const tables = {
      apps: read.apps.filter(isUsable),
      hosts: read.hosts.filter(isUsable),
      exemptions: read.exemptions.filter(isUsable),
      thresholds: read.thresholds.filter(isUsable),
    };
    const count = entriesIn(read) - entriesIn(tables);
    if (count > 0 && count !== this.#leftOut) {
      this.#log.warn({ count }, 'MySQL backend: odd rows are left out');
    }
    this.#leftOut = count;
    return tables;
  }

  #entriesOf({ kind }: OperatorCommand): readonly EntryRow[] {
    switch (kind) {
      case 'throttleApp':
      case 'unthrottleApp':
        return this.#rows.apps;
      case 'skipHost':
      case 'recoverHost':
        return this.#rows.hosts;
      case 'exemptApp':
      case 'unexemptApp':
        return this.#rows.exemptions;
      case 'setThreshold':
      case 'resetThreshold':
        return this.#rows.thresholds;
    }
  }

  async #compareClocks(): Promise<boolean> {
    const sentMs = Date.now();
    const [row] = await this.#connection.select('SELECT UNIX_TIMESTAMP(now(6)) AS now_seconds');
    const receivedMs = Date.now();
    const offsetMs = (sentMs + receivedMs) / 2 - Number(row?.now_seconds) * 1_000;
    const toleranceMs = CLOCK_TOLERANCE_MS + Math.abs(receivedMs - sentMs) / 2;
    const knownMs = this.#clockOffsetMs;
    if (knownMs !== undefined && Math.abs(offsetMs - knownMs) <= toleranceMs) return false;
    this.#clockOffsetMs = offsetMs;
    return true;
  }

  async #apps(notes: Notes): Promise<EntryRow[]> {
    const rows = await this.#connection.select(
      `SELECT app_name, UNIX_TIMESTAMP(expires_at) AS expires, ratio,
          UNIX_TIMESTAMP(throttled_at) AS at
        FROM throttled_apps WHERE ${LIVE_APP} ORDER BY app_name LIMIT ${LIVE_ENTRIES_MAX}`,
    );
    return mapRows(rows, ({ app_name, expires, ratio, at }) => ({
      name: String(app_name),
      expires: expirySeconds(expires),
      number: ratioOf(ratio),
      note: usedNote(notes, 'app', String(app_name), Number(at)),
    }));
  }

  async #hosts(notes: Notes): Promise<EntryRow[]> {
    const rows = await this.#connection.select(
      `SELECT host_name, UNIX_TIMESTAMP(expires_at) AS expires, UNIX_TIMESTAMP(skipped_at) AS at
        FROM skipped_hosts WHERE ${LIVE_ENTRY} ORDER BY host_name LIMIT ${LIVE_ENTRIES_MAX}`,
    );
    return mapRows(rows, ({ host_name, expires, at }) => ({
      name: String(host_name),
      expires: Number(expires),
      number: 0,
      note: usedNote(notes, 'host', String(host_name), Number(at)),
    }));
  }

  async #exemptions(): Promise<EntryRow[]> {
    const rows = await this.#selectOwn(
      'freno_exempted_apps',
      `SELECT app_name, UNIX_TIMESTAMP(expires_at) AS expires, UNIX_TIMESTAMP(exempted_at) AS at,
          reason, owner
        FROM freno_exempted_apps WHERE ${LIVE_ENTRY} ORDER BY app_name LIMIT ${LIVE_ENTRIES_MAX}`,
    );
    return mapRows(rows, (row) => ({
      name: String(row.app_name),
      expires: Number(row.expires),
      number: 0,
      note: noteRow(row.at, row),
    }));
  }

  async #thresholds(): Promise<EntryRow[]> {
    const rows = await this.#selectOwn(
      'freno_thresholds',
      `SELECT metric, threshold, UNIX_TIMESTAMP(expires_at) AS expires,
          UNIX_TIMESTAMP(set_at) AS at, reason, owner
        FROM freno_thresholds WHERE ${LIVE_ENTRY} ORDER BY metric LIMIT ${LIVE_ENTRIES_MAX}`,
    );
    return mapRows(rows, (row) => ({
      name: String(row.metric),
      expires: Number(row.expires),
      number: Number(row.threshold),
      note: noteRow(row.at, row),
    }));
  }

  async #notes(): Promise<Notes> {
    const rows = await this.#selectOwn(
      'freno_notes',
      `SELECT kind, name, UNIX_TIMESTAMP(noted_at) AS at, reason, owner FROM freno_notes
        LIMIT ${NOTES_MAX}`,
    );
    const notes: Notes = new Map();
    const slice = new TimeSlice();
    for (const row of rows) {
      if (slice.shouldYield) await slice.yield();
      const [kind, name] = [String(row.kind) as NotedKind, String(row.name)];
      const note = { kind, name, at: Number(row.at), row: noteRow(row.at, row), isUsed: false };
      notes.set(noteKey(kind, name), note);
    }
    return notes;
  }

  /** Only what is new is read: their numbers grow, unless the table was emptied. */
  async #commands(): Promise<readonly BackendRow[]> {
    const known = this.#rows.commands;
    const lastId = Number(known.at(-1)?.id ?? 0);
    const rows = await this.#commandsAfter(lastId - LATE_COMMANDS_MAX);
    const isSameTable = lastId === 0 || rows.some(({ id }) => Number(id) === lastId);
    return isSameTable ? newest(known, rows) : newest([], await this.#commandsAfter(0));
  }

  #commandsAfter(id: number): Promise<readonly BackendRow[]> {
    return this.#selectOwn(
      'freno_commands',
      `SELECT id, UNIX_TIMESTAMP(given_at) AS given, kind, name, ttl_seconds, ratio, threshold,
          every_store, client, caller, node, reason, owner
        FROM freno_commands WHERE id > ${Math.max(0, id)}
        ORDER BY id DESC LIMIT ${RECENT_COMMANDS_MAX}`,
    );
  }

  /** No rows where the table is missing. */
  async #selectOwn(table: OwnTable, sql: string): Promise<readonly BackendRow[]> {
    if (!this.#own.has(table)) return [];
    try {
      return await this.#connection.select(sql);
    } catch (error) {
      // Whether this node can lead must not depend on these tables.
      if (!(error instanceof BackendError) || error.fault !== 'refused') throw error;
      this.#own.lost(table, error);
      return [];
    }
  }
}

function mapRows<Row>(rows: readonly BackendRow[], map: (row: BackendRow) => Row): Promise<Row[]> {
  return mapInSlices(rows, map, new TimeSlice());
}

function entriesIn({ apps, hosts, exemptions, thresholds }: EntryTables): number {
  return apps.length + hosts.length + exemptions.length + thresholds.length;
}

/** The last commands, oldest first. */
function newest(known: readonly BackendRow[], read: readonly BackendRow[]): readonly BackendRow[] {
  const byId = new Map([...known, ...read].map((row) => [Number(row.id), row]));
  const sorted = [...byId].sort(([left], [right]) => left - right);
  return sorted.slice(-RECENT_COMMANDS_MAX).map(([, row]) => row);
}

type Notes = Map<string, EndedNote & { readonly row: NoteRow | null; isUsed: boolean }>;

/** The note of an entry that was written at that time. */
function usedNote(notes: Notes, kind: NotedKind, name: string, at: number): NoteRow | null {
  const note = notes.get(noteKey(kind, name));
  if (note === undefined || note.at !== at) return null;
  note.isUsed = true;
  return note.row;
}

/** The original stores NULL or -1 for a missing ratio, which denies all checks. */
function ratioOf(ratio: unknown): number {
  const given = ratio === null ? 1 : Number(ratio);
  return given >= 0 ? Math.min(1, given) : 1;
}
