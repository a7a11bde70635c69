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
import { TimeSlice } from '../base/time-slice.js';
import { NAME_BYTES_MAX, NOTE_LENGTH_MAX } from './command-limits.js';
import { type CommandNote, type CommandOrigin, hasNote, NO_EXPIRY } from './commands.js';
import { ExpiryHeap, type HeapNode, heapNode, isBefore } from './expiry-heap.js';

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

/** A number for each table, such as how many entries are in force. */
export type EntryCounts = Readonly<
  Record<'throttledApps' | 'skippedHosts' | 'exemptedApps' | 'thresholds', number>
>;

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

/** Most entries that are dropped at once: a millisecond or two. */
const DROPPED_AT_ONCE = 100;

/** Most expired entries that are passed over in search of the next one that expires. */
const EXPIRED_PASSED_MAX = 2_000;
const ASKED_AGAIN_MS = 1_000;

export class EntryTable<Entry extends TableEntry> {
  readonly #options: TableOptions;
  readonly #rows = new Map<string, TableRow<Entry>>();
  /** Of the rows that expire. */
  readonly #nodes = new Map<string, HeapNode<TableRow<Entry>>>();
  /** The keys of each group; alone, without a set: most groups have one. */
  readonly #groups = new Map<string, string | Set<string>>();
  /** The rows that expire: those with a note, and the others. */
  readonly #expiringNoted = new ExpiryHeap<HeapNode<TableRow<Entry>>>();
  readonly #expiring = new ExpiryHeap<HeapNode<TableRow<Entry>>>();
  /** What has expired by then is gone, although it may still be here; minus infinity: none is. */
  #goneByMs = Number.NEGATIVE_INFINITY;
  #noted = 0;
  #bytes = 0;

  constructor(options: TableOptions) {
    this.#options = options;
  }

  /** Expired or not. */
  get size(): number {
    return this.#rows.size;
  }

  /** UTF-8 bytes of names, reasons and owners. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The entry if it is in force at `nowMs` (Unix time). */
  live(key: string, nowMs: number): Entry | undefined {
    const entry = this.#rows.get(key)?.[1];
    return entry !== undefined && this.#isLive(entry, nowMs) ? entry : undefined;
  }

  /** Entries in force at `nowMs`, sorted by name. */
  liveRows(nowMs: number): Array<TableRow<Entry>> {
    return this.rows()
      .filter(([, entry]) => this.#isLive(entry, nowMs))
      .sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0));
  }

  /** In slices: what has expired stays for a day. */
  async countLive(nowMs: number): Promise<number> {
    if (this.#firstExpired(Math.max(nowMs, this.#goneByMs)) === undefined) return this.size;
    const slice = new TimeSlice();
    let live = 0;
    for (const [, entry] of this.#rows.values()) {
      if (this.#isLive(entry, nowMs)) live++;
      if (slice.shouldYield) await slice.yield();
    }
    return live;
  }

  /**
   * When the next entry in force at `nowMs` expires; Infinity: none does. When too much has
   * expired before, the time at which to ask again instead.
   */
  nextExpiryMs(nowMs: number): number {
    const byMs = Math.max(nowMs, this.#goneByMs);
    const nextMs = (heap: ExpiryHeap<HeapNode<TableRow<Entry>>>): number =>
      heap.nextAfter(byMs, EXPIRED_PASSED_MAX) ?? nowMs + ASKED_AGAIN_MS;
    return Math.min(nextMs(this.#expiring), nextMs(this.#expiringNoted));
  }

  /** All rows, expired or not, but for those that are gone. */
  rows(): Array<TableRow<Entry>> {
    const rows = [...this.#rows.values()];
    return this.#isSweeping ? rows.filter(([, entry]) => !this.#isGone(entry)) : rows;
  }

  /**
   * False, and nothing was changed, when there is no room. A full table drops some of what has
   * expired by `atMs`, the time of the command that needs room.
   */
  put(name: string, entry: Entry, atMs: number): boolean {
    const key = this.#options.keyOf(name);
    const hasNote = entry.note !== undefined;
    if (this.#isSweeping) {
      if (this.#isGone(entry)) this.endSweep();
      const present = this.#rows.get(key);
      if (present !== undefined && this.#isGone(present[1])) this.#delete(key, present);
    }
    if (!this.#hasRoom(key, hasNote)) this.#makeRoom(key, hasNote, this.#goneByMs);
    if (!this.#hasRoom(key, hasNote)) this.#makeRoom(key, hasNote, atMs);
    if (!this.#hasRoom(key, hasNote)) return false;
    this.#set(key, [name, entry]);
    return true;
  }

  /**
   * Whether the entry should not even be tried, because there is no room: of entries, or of bytes,
   * which nodes of earlier releases do not count. False when something has expired by `atMs`.
   */
  isFullFor(name: string, note: CommandNote, atMs: number): boolean {
    if (this.#hasRoomForAny) return false;
    if (this.#firstExpired(Math.max(atMs, this.#goneByMs)) !== undefined) return false;
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

  /** What has expired by `atMs` is gone: `sweepOn` drops it, some at a time. */
  sweep(atMs: number): void {
    this.endSweep();
    this.#goneByMs = atMs;
  }

  /** Returns how many of at most `max` entries it dropped. */
  sweepOn(max: number): number {
    if (!this.#isSweeping) return 0;
    let dropped = 0;
    while (dropped < max && this.#dropFirst(this.#goneByMs)) dropped++;
    if (dropped < max) this.#goneByMs = Number.NEGATIVE_INFINITY;
    return dropped;
  }

  endSweep(): void {
    this.sweepOn(Number.POSITIVE_INFINITY);
  }

  clear(): void {
    this.#rows.clear();
    this.#nodes.clear();
    this.#expiring.clear();
    this.#expiringNoted.clear();
    this.#groups.clear();
    this.#goneByMs = Number.NEGATIVE_INFINITY;
    this.#noted = 0;
    this.#bytes = 0;
  }

  /** Adds rows of another table, for which there is room. */
  add(rows: Iterable<TableRow<Entry>>): void {
    for (const row of rows) this.#set(this.#options.keyOf(row[0]), row);
  }

  /** Throws when more is kept than the rows need: for tests. */
  assertInvariants(): void {
    const { groupOf } = this.#options;
    const grouped = [...this.#rows.keys()].filter((key) => groupOf(key) !== null).sort();
    const listed = [...this.#groups.values()].flatMap((keys) =>
      typeof keys === 'string' ? [keys] : [...keys],
    );
    if (listed.sort().join('\n') !== grouped.join('\n')) throw new Error('groups list other keys');
    const rows = [...this.#rows.values()];
    const expiring = rows.filter(([, entry]) => this.#expires(entry)).length;
    if (this.#expiring.size + this.#expiringNoted.size !== expiring) throw new Error('other rows');
    for (const heap of [this.#expiring, this.#expiringNoted]) heap.assertInvariants();
    const bytes = rows.reduce((sum, [name, { note }]) => sum + bytesOf(name, note), 0);
    if (bytes !== this.#bytes) throw new Error(`${bytes} bytes, not ${this.#bytes}`);
  }

  get #isSweeping(): boolean {
    return this.#goneByMs !== Number.NEGATIVE_INFINITY;
  }

  /** By dropping what has expired by `atMs`, the earliest first, if that helps. */
  #makeRoom(key: string, hasNote: boolean, atMs: number): void {
    for (let dropped = 0; dropped < DROPPED_AT_ONCE && this.#dropFirst(atMs); dropped++);
    while (!this.#hasRoom(key, hasNote)) {
      const { first } = this.#expiringNoted;
      if (first === undefined || first.row[1].expireAtMs > atMs) return;
      this.#drop(first);
    }
  }

  /** False: none has expired. */
  #dropFirst(atMs: number): boolean {
    const first = this.#firstExpired(atMs);
    if (first !== undefined) this.#drop(first);
    return first !== undefined;
  }

  #firstExpired(atMs: number): HeapNode<TableRow<Entry>> | undefined {
    const { first } = this.#expiring;
    const noted = this.#expiringNoted.first;
    const earlier =
      first === undefined || (noted !== undefined && isBefore(noted, first)) ? noted : first;
    return earlier !== undefined && earlier.row[1].expireAtMs <= atMs ? earlier : undefined;
  }

  #heapOf([, { note }]: TableRow<Entry>): ExpiryHeap<HeapNode<TableRow<Entry>>> {
    return note === undefined ? this.#expiring : this.#expiringNoted;
  }

  #set(key: string, row: TableRow<Entry>): void {
    const present = this.#rows.get(key);
    this.#rows.set(key, row);
    this.#count(row, 1);
    if (present === undefined) this.#join(key);
    else this.#count(present, -1);
    this.#schedule(key, row);
  }

  #drop({ row }: HeapNode<TableRow<Entry>>): void {
    this.#delete(this.#options.keyOf(row[0]), row);
  }

  #delete(key: string, row: TableRow<Entry>): void {
    this.#rows.delete(key);
    this.#count(row, -1);
    this.#unschedule(key);
    this.#leave(key);
  }

  /** The expiry of the row, in the place of that of the row before. */
  #schedule(key: string, row: TableRow<Entry>): void {
    const heap = this.#heapOf(row);
    const node = this.#nodes.get(key);
    if (node !== undefined && this.#expires(row[1]) && this.#heapOf(node.row) === heap) {
      node.row = row;
      heap.changed(node);
      return;
    }
    this.#unschedule(key);
    if (!this.#expires(row[1])) return;
    const added = heapNode(row);
    this.#nodes.set(key, added);
    heap.add(added);
  }

  #unschedule(key: string): void {
    const node = this.#nodes.get(key);
    if (node === undefined) return;
    this.#nodes.delete(key);
    this.#heapOf(node.row).remove(node);
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
    return entry.expireAtMs > Math.max(nowMs, this.#goneByMs) || !this.#expires(entry);
  }

  #isGone(entry: Entry): boolean {
    return entry.expireAtMs <= this.#goneByMs && this.#expires(entry);
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
