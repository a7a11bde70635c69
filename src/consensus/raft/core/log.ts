/**
 * The log in memory: what follows the last compaction, and how far it is committed, durable and
 * applied.
 */
import { invariant } from './errors.js';
import type { Rules } from './rules.js';
import type { Entry, InitialState, SnapshotMeta } from './types.js';

/** The size of an entry besides its data. */
const entryOverheadBytes = 16;

/** The size of an entry with this command, as all limits count it. */
export function entryBytes(data: Uint8Array): number {
  return data.length + entryOverheadBytes;
}

/**
 * Invariants: `base.index <= applied <= committed <= lastIndex`; `inForce <= applied`; `base.index
 * <= durable <= handedToDisk <= lastIndex`; `entries[i].index === base.index + 1 + i`; terms never
 * fall along the log; no entry up to `committed` is ever truncated.
 *
 * Whether an entry is applied does not depend on this node's own disk. A committed entry is on the
 * disks of a majority (dissertation 3.6), and a leader with a slow disk must not judge checks by
 * less than its followers have acknowledged. `inForce` follows `applied`: up to there each reader
 * of the state machine has confirmed that it decides by the entries.
 */
export class Log {
  /** The place before the first entry in memory. */
  #base: SnapshotMeta;
  #entries: Entry[];
  #committed: number;
  #applied: number;
  #inForce: number;
  #durable: number;
  #handedToDisk: number;
  readonly #rules: Rules;

  constructor({ snapshot, entries }: InitialState, rules: Rules) {
    this.#rules = rules;
    this.#base = snapshot;
    this.#entries = [];
    this.#committed = snapshot.index;
    this.#applied = snapshot.index;
    this.#inForce = snapshot.index;
    this.append(entries);
    this.#durable = this.lastIndex;
    this.#handedToDisk = this.lastIndex;
  }

  get baseIndex(): number {
    return this.#base.index;
  }

  get lastIndex(): number {
    return this.#base.index + this.#entries.length;
  }

  get lastTerm(): number {
    return this.#entries.at(-1)?.term ?? this.#base.term;
  }

  get committed(): number {
    return this.#committed;
  }

  /** The last entry that has been handed out to be applied. */
  get applied(): number {
    return this.#applied;
  }

  /** Every reader of the state machine decides by the entries up to here. */
  get inForce(): number {
    return this.#inForce;
  }

  /**
   * The readers of the state machine decide by all entries up to `index`. True if it has advanced.
   */
  inForceTo(index: number): boolean {
    invariant(index <= this.#applied, 'only what is applied is in force', index, this.#applied);
    if (index <= this.#inForce) return false;
    this.#inForce = index;
    return true;
  }

  /** All entries up to here are on this node's disk, or covered by its snapshot. */
  get durable(): number {
    return this.#durable;
  }

  get hasUnwritten(): boolean {
    return this.#handedToDisk < this.lastIndex;
  }

  /** Undefined for an index that is compacted away or beyond the end. */
  termAt(index: number): number | undefined {
    if (index === this.#base.index) return this.#base.term;
    return this.#entries[index - this.#base.index - 1]?.term;
  }

  /**
   * The last place at or before `index` whose term is at most `term`: where the two logs may still
   * agree. Skips whole terms of a conflict at once (dissertation 3.5, end). Stops at the base,
   * below which all is committed.
   */
  lastAtOrBelowTerm(index: number, term: number): number {
    let place = Math.min(index, this.lastIndex);
    while (place > this.#base.index && this.termAt(place)! > term) place--;
    return place;
  }

  /**
   * Entries from `from` on: at least one if there is any, and no more than `maxBytes` otherwise.
   */
  slice(from: number, maxBytes: number): Entry[] {
    const first = from - this.#base.index - 1;
    invariant(first >= 0, 'a compacted entry is not read', from, this.#base.index);
    let bytes = 0;
    let end = first;
    for (; end < this.#entries.length; end++) {
      bytes += entryBytes(this.#entries[end]!.data);
      if (bytes > maxBytes && end > first) break;
    }
    return this.#entries.slice(first, end);
  }

  /** The size of the entries after `from` up to `to`. */
  bytesBetween(from: number, to: number): number {
    let bytes = 0;
    for (let index = from + 1; index <= to; index++) {
      bytes += entryBytes(this.#entries[index - this.#base.index - 1]!.data);
    }
    return bytes;
  }

  /** Throws `RaftInvariantError`. */
  assertInvariants(): void {
    const { index: base } = this.#base;
    const last = this.lastIndex;
    invariant(base >= 0 && this.#base.term >= 0, 'the base is a place in the log', base);
    invariant(base <= this.#applied, 'base <= applied', base, this.#applied);
    invariant(this.#inForce <= this.#applied, 'inForce <= applied', this.#inForce, this.#applied);
    invariant(this.#applied <= this.#committed, 'applied <= committed', this.#applied);
    invariant(this.#committed <= last, 'committed <= last', this.#committed, last);
    invariant(base <= this.#durable, 'base <= durable', base, this.#durable);
    invariant(this.#durable <= this.#handedToDisk, 'durable <= handed to the disk', this.#durable);
    invariant(this.#handedToDisk <= last, 'handed to the disk <= last', this.#handedToDisk, last);
    let { term } = this.#base;
    for (const [at, entry] of this.#entries.entries()) {
      invariant(entry.index === base + 1 + at, 'no gaps', entry.index, base, at);
      invariant(entry.term >= term, 'terms never fall', entry.term, term);
      term = entry.term;
    }
  }

  append(entries: readonly Entry[]): void {
    for (const entry of entries) {
      invariant(entry.index === this.lastIndex + 1, 'no gaps', entry.index, this.lastIndex);
      invariant(entry.term >= this.lastTerm, 'terms never fall', entry.term, this.lastTerm);
      this.#entries.push(entry);
    }
  }

  /**
   * Adds entries that follow an entry on which this log and the leader's agree. Returns the first
   * index that was truncated because of a conflict, or null.
   */
  merge(entries: readonly Entry[]): number | null {
    const known = entries.findIndex((entry) => this.#isNews(entry));
    if (known < 0) return null;
    const from = entries[known]!.index;
    const cut = from <= this.lastIndex;
    if (cut) this.#truncateFrom(from);
    this.append(known === 0 ? entries : entries.slice(known));
    invariant(this.lastIndex === entries.at(-1)!.index, 'a merge ends with its last entry', from);
    return cut ? from : null;
  }

  #isNews(entry: Entry): boolean {
    const storedTerm = this.termAt(entry.index);
    return storedTerm === undefined || this.#rules.conflicts(storedTerm, entry.term);
  }

  #truncateFrom(index: number): void {
    invariant(index > this.#committed, 'committed stays', index, this.#committed);
    this.#entries.length = index - this.#base.index - 1;
    this.#durable = Math.min(this.#durable, index - 1);
    this.#handedToDisk = Math.min(this.#handedToDisk, index - 1);
  }

  /** True if the commit index has advanced. */
  commitTo(index: number): boolean {
    if (index <= this.#committed) return false;
    invariant(index <= this.lastIndex, 'what is committed is here', index, this.lastIndex);
    this.#committed = index;
    return true;
  }

  /** The disk has all up to `index`. */
  durableTo(index: number): void {
    invariant(index <= this.#handedToDisk, 'the disk has what it got', index, this.#handedToDisk);
    if (index > this.#durable) this.#durable = index;
  }

  /** Entries that were not handed to the disk yet. */
  takeUnwritten(): Entry[] {
    const unwritten = this.#entries.slice(this.#handedToDisk - this.#base.index);
    this.#handedToDisk = this.lastIndex;
    invariant(this.#durable <= this.#handedToDisk, 'only what was written is durable');
    return unwritten;
  }

  get hasApplicable(): boolean {
    return this.#applied < this.#committed;
  }

  /** The next committed entries, to be applied. */
  takeApplicable(maxEntries: number): Entry[] {
    const end = Math.min(this.#committed, this.#applied + maxEntries);
    const offset = this.#base.index;
    const taken = this.#entries.slice(this.#applied - offset, end - offset);
    invariant(end >= this.#applied, 'applying goes forward', end, this.#applied);
    invariant(taken.length === end - this.#applied, 'each entry is applied once', end);
    this.#applied = end;
    return taken;
  }

  /** Forgets entries up to `index`, which are applied and covered by a durable snapshot. */
  compactTo(index: number): void {
    if (index <= this.#base.index) return;
    invariant(index <= this.#applied, 'only applied is compacted', index, this.#applied);
    invariant(index <= this.#durable, 'only durable is compacted', index, this.#durable);
    const { lastIndex } = this;
    const term = this.termAt(index)!;
    this.#entries.splice(0, index - this.#base.index);
    this.#base = { index, term };
    invariant(this.lastIndex === lastIndex, 'compaction keeps the end', this.lastIndex, lastIndex);
  }

  /**
   * Replaces the log by a snapshot beyond what is committed here. It counts as durable at once:
   * what follows it can only become durable after it.
   */
  restartAfter(snapshot: SnapshotMeta): void {
    invariant(
      snapshot.index > this.#committed,
      'a snapshot never goes back',
      snapshot.index,
      this.#committed,
    );
    invariant(this.termAt(snapshot.index) !== snapshot.term, 'a log that covers a snapshot stays');
    this.#base = snapshot;
    this.#entries = [];
    this.#committed = snapshot.index;
    this.#applied = snapshot.index;
    // The snapshot is in force once its readers have taken it over.
    this.#inForce = Math.min(this.#inForce, snapshot.index);
    this.#durable = snapshot.index;
    this.#handedToDisk = snapshot.index;
  }
}
