/**
 * A table of the replicated state: entries by name, each until its time, bounded in number.
 *
 * Clients decide how full it is and how many commands come: no command may take longer because
 * there are many entries. So the names of a group (an app with its stores, a host with its ports)
 * are listed, and the rows that expire are in a heap.
 *
 * It holds rows in the form of an image. Rows are replaced and never changed, so that an image
 * shares them: an image of 100,000 entries takes 0.5 ms, and 20 ms with copies of the rows.
 */
import { NAME_BYTES_MAX, NOTE_LENGTH_MAX } from './command-limits.js';
import { type CommandNote, type CommandOrigin, hasNote, NO_EXPIRY } from './commands.js';
import { ExpiryHeap } from './expiry-heap.js';

/** What the operator said of an entry, and when (Unix time in milliseconds). */
export interface EntryNote extends CommandNote {
  readonly atMs: number;
}

export interface TableEntry {
  /** Unix time in milliseconds. */
  readonly expireAtMs: number;
  /** Absent: the command that made the entry had neither reason nor owner. */
  readonly note?: EntryNote;
}

/** The name as it was last written, and the entry. */
export type TableRow<Entry> = readonly [key: string, entry: Entry];

export interface TableOptions {
  readonly entriesMax: number;
  /** Most entries with a note, which may be longer than all the rest of them. */
  readonly notedMax: number;
  /** UTF-8 bytes of names, reasons and owners; only `isFullFor` looks at them. */
  readonly bytesMax: number;
  /** `NO_EXPIRY` means that the entry does not expire; otherwise it is a time like any other. */
  readonly endless: boolean;
  /** The key of an entry, from its name as it was written: the same for the same thing. */
  readonly keyOf: (name: string) => string;
  /** The group of a key, with which it can be removed; null: none. */
  readonly groupOf: (key: string) => string | null;
}

/** The note of an entry that the command makes; spread into it. */
export function noteOf({ atMs, reason, owner }: CommandOrigin): { readonly note?: EntryNote } {
  if (reason === undefined && owner === undefined) return {};
  return {
    note: {
      atMs,
      ...(reason !== undefined && { reason }),
      ...(owner !== undefined && { owner }),
    },
  };
}

/** UTF-8 bytes of an entry with the longest name, reason and owner. */
const ENTRY_BYTES_MAX = NAME_BYTES_MAX + 2 * 4 * NOTE_LENGTH_MAX;

/** When one row in so many has expired, all rows are looked at: a third of the time. */
const REBUILT_SHARE = 16;

export class EntryTable<Entry extends TableEntry> {
  readonly #options: TableOptions;
  readonly #rows = new Map<string, TableRow<Entry>>();
  /** The keys of each group; alone, without a set: most groups have one. */
  readonly #groups = new Map<string, string | Set<string>>();
  readonly #expiring: ExpiryHeap<TableRow<Entry>>;
  #noted = 0;
  #bytes = 0;

  constructor(options: TableOptions) {
    this.#options = options;
    this.#expiring = new ExpiryHeap((row) => this.#rows.get(options.keyOf(row[0])) !== row);
  }

  /** Expired or not. */
  get size(): number {
    return this.#rows.size;
  }

  /** The entry if it is in force at `nowMs` (Unix time). */
  live(key: string, nowMs: number): Entry | undefined {
    const entry = this.#rows.get(key)?.[1];
    return entry !== undefined && this.#isLive(entry, nowMs) ? entry : undefined;
  }

  /** Entries in force at `nowMs`, sorted by name. */
  liveRows(nowMs: number): Array<TableRow<Entry>> {
    return [...this.#rows.values()]
      .filter(([, entry]) => this.#isLive(entry, nowMs))
      .sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0));
  }

  countLive(nowMs: number): number {
    return this.size - this.#expiring.expiredBy(nowMs).count;
  }

  /** When the next entry in force at `nowMs` expires; Infinity: none does. */
  nextExpiryMs(nowMs: number): number {
    return this.#expiring.expiredBy(nowMs).nextMs;
  }

  /** All rows, expired or not. */
  rows(): Array<TableRow<Entry>> {
    return [...this.#rows.values()];
  }

  /**
   * False, and nothing was changed, when there is no room. A full table drops what has expired by
   * `atMs`, the time of the command that needs room.
   */
  put(name: string, entry: Entry, atMs: number): boolean {
    const key = this.#options.keyOf(name);
    const hasNote = entry.note !== undefined;
    if (!this.#hasRoom(key, hasNote)) {
      this.dropExpired(atMs);
      if (!this.#hasRoom(key, hasNote)) return false;
    }
    const row = [name, entry] as const;
    this.#set(key, row);
    if (this.#expires(entry)) this.#expiring.add(row);
    return true;
  }

  /**
   * Whether the entry should not even be tried, because there is no room: of entries, or of bytes,
   * which nodes of earlier releases do not count. False when something has expired by `atMs`.
   */
  isFullFor(name: string, note: CommandNote, atMs: number): boolean {
    if (this.#hasRoomForAny) return false;
    const { first } = this.#expiring;
    if (first !== undefined && first[1].expireAtMs <= atMs) return false;
    const key = this.#options.keyOf(name);
    if (!this.#hasRoom(key, hasNote(note))) return true;
    const present = this.#rows.get(key);
    const before = present === undefined ? 0 : bytesOf(present[0], present[1].note);
    return this.#bytes - before + bytesOf(name, note) > this.#options.bytesMax;
  }

  /** Returns how many entries in force at `atMs` it removed: 0 or 1. */
  remove(key: string, atMs: number): number {
    const row = this.#rows.get(key);
    if (row === undefined) return 0;
    this.#delete(key, row);
    if (this.#expires(row[1])) this.#expiring.becameStale();
    return this.#isLive(row[1], atMs) ? 1 : 0;
  }

  /** As `remove`, of all entries of the group whose keys begin with `prefix`. */
  removeGroup(group: string, prefix: string, atMs: number): number {
    const keys = this.#groups.get(group) ?? [];
    let removed = 0;
    for (const key of typeof keys === 'string' ? [keys] : keys) {
      if (key.startsWith(prefix)) removed += this.remove(key, atMs);
    }
    return removed;
  }

  dropExpired(atMs: number): void {
    let untilRebuilt = this.size / REBUILT_SHARE;
    for (;;) {
      const row = this.#expiring.takeExpired(atMs);
      if (row === undefined) return;
      this.#delete(this.#options.keyOf(row[0]), row);
      if (--untilRebuilt < 0) break;
    }
    for (const [key, row] of this.#rows) if (!this.#isLive(row[1], atMs)) this.#delete(key, row);
    this.#replaceExpiring();
  }

  /** Replaces all rows. */
  restore(rows: Iterable<TableRow<Entry>>): void {
    this.#rows.clear();
    this.#groups.clear();
    this.#expiring.replace([]);
    this.#noted = 0;
    this.#bytes = 0;
    for (const row of rows) this.#set(this.#options.keyOf(row[0]), row);
    this.#replaceExpiring();
  }

  /** Throws when more is kept than the rows need: for tests. */
  assertInvariants(): void {
    const { groupOf } = this.#options;
    const grouped = [...this.#rows.keys()].filter((key) => groupOf(key) !== null).sort();
    const listed = [...this.#groups.values()].flatMap((keys) =>
      typeof keys === 'string' ? [keys] : [...keys],
    );
    if (listed.sort().join('\n') !== grouped.join('\n')) throw new Error('groups list other keys');
    const expiring = this.rows().filter(([, entry]) => this.#expires(entry)).length;
    this.#expiring.assertBounded(expiring);
    const bytes = this.rows().reduce((sum, [name, { note }]) => sum + bytesOf(name, note), 0);
    if (bytes !== this.#bytes) throw new Error(`${bytes} bytes, not ${this.#bytes}`);
  }

  #replaceExpiring(): void {
    this.#expiring.replace(this.rows().filter(([, entry]) => this.#expires(entry)));
  }

  /** Leaves it to the caller to add the row to those that expire. */
  #set(key: string, row: TableRow<Entry>): void {
    const present = this.#rows.get(key);
    this.#rows.set(key, row);
    this.#count(row, 1);
    if (present === undefined) {
      this.#join(key);
      return;
    }
    this.#count(present, -1);
    if (this.#expires(present[1])) this.#expiring.becameStale();
  }

  /** Leaves it to the caller to remove the row from those that expire. */
  #delete(key: string, row: TableRow<Entry>): void {
    this.#count(row, -1);
    this.#rows.delete(key);
    this.#leave(key);
  }

  #count([name, { note }]: TableRow<Entry>, sign: 1 | -1): void {
    this.#bytes += sign * bytesOf(name, note);
    if (note !== undefined) this.#noted += sign;
  }

  #join(key: string): void {
    const group = this.#options.groupOf(key);
    if (group === null) return;
    const keys = this.#groups.get(group);
    if (keys === undefined) this.#groups.set(group, key);
    else if (typeof keys === 'string') this.#groups.set(group, new Set([keys, key]));
    else keys.add(key);
  }

  #leave(key: string): void {
    const group = this.#options.groupOf(key);
    if (group === null) return;
    const keys = this.#groups.get(group);
    if (typeof keys === 'object') keys.delete(key);
    if (typeof keys === 'string' || keys?.size === 0) this.#groups.delete(group);
  }

  /** Whatever the name and the note of one more: nearly always. */
  get #hasRoomForAny(): boolean {
    const { entriesMax, notedMax, bytesMax } = this.#options;
    return (
      this.size < entriesMax && this.#noted < notedMax && this.#bytes + ENTRY_BYTES_MAX <= bytesMax
    );
  }

  #hasRoom(key: string, hasNote: boolean): boolean {
    const present = this.#rows.get(key);
    const { entriesMax, notedMax } = this.#options;
    if (present === undefined && this.size >= entriesMax) return false;
    return !hasNote || present?.[1].note !== undefined || this.#noted < notedMax;
  }

  #isLive(entry: Entry, nowMs: number): boolean {
    return entry.expireAtMs > nowMs || !this.#expires(entry);
  }

  #expires({ expireAtMs }: Entry): boolean {
    return expireAtMs !== NO_EXPIRY || !this.#options.endless;
  }
}

function bytesOf(name: string, { reason = '', owner = '' }: CommandNote = {}): number {
  const ofName = Buffer.byteLength(name);
  if (reason === '' && owner === '') return ofName;
  return ofName + Buffer.byteLength(reason) + Buffer.byteLength(owner);
}
