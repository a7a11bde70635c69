/** A disk in memory: what is synced survives a crash; of what is not, some beginning may. */
import type { Entry, HardState } from '../../../../src/consensus/raft/core/types.js';
import type {
  Done,
  EncodedSnapshot,
  RaftStorage,
  StorageWrite,
} from '../../../../src/consensus/raft/driver-types.js';
import type { SeededRandom } from '../../../support/random.js';
import type { FaultProfile } from './fault-profile.js';
import type { Schedule } from './schedule.js';

/**
 * A journal record: durable by itself, but restored after a crash only when all before it are
 * durable too.
 */
interface Journaled {
  /** Applies its first `parts` parts to the synced image. */
  readonly apply: (parts: number) => void;
  readonly partCount: number;
  isDurable: boolean;
  /** Called when it and all before it are durable. */
  readonly restorable: () => void;
}

/** A mutant's disk. */
export interface DiskBug {
  readonly reportsBeforeSync?: boolean;
  readonly takesOlderSnapshots?: boolean;
}

export class SimulatedDisk implements RaftStorage {
  hardState: HardState = { term: 0, vote: null };
  snapshot: EncodedSnapshot | null = null;
  entries: Entry[] = [];
  /** The longest lockout of any run that may still hold. */
  storedLockoutMs = 0;
  /** As storage keeps it: see `InitialState.joining`. */
  joining = true;
  #journal: Journaled[] = [];
  /** Grows with each crash: completions of an earlier life are dropped. */
  #life = 0;
  #hangsUntilMs = 0;
  /** What would have finished while it hangs, in order. */
  readonly #held: Array<() => void> = [];

  constructor(
    private readonly random: SeededRandom,
    private readonly schedule: Schedule,
    private readonly faults: () => FaultProfile,
    private readonly bug: DiskBug | null = null,
  ) {}

  get hasPendingWrites(): boolean {
    return this.#journal.length > 0;
  }

  get snapshotIndex(): number {
    return this.snapshot?.meta.index ?? 0;
  }

  get lastIndex(): number {
    return this.entries.at(-1)?.index ?? this.snapshotIndex;
  }

  /** Whether the synced image holds this entry, or a snapshot that covers it. */
  holds(index: number, term: number): boolean {
    if (index <= this.snapshotIndex) return true;
    return this.entries[index - this.snapshotIndex - 1]?.term === term;
  }

  write(write: StorageWrite, done: Done): void {
    this.#submit(
      3 + write.entries.length,
      (parts) => this.#applyWrite(write, parts),
      () => undefined,
      () => done(null),
    );
  }

  /**
   * Like `write`, but may finish before writes that were begun earlier: then a crash may still lose
   * it.
   */
  writeOverlapping(write: StorageWrite, done: () => void): void {
    const parts = 3 + write.entries.length;
    this.#submit(
      parts,
      (count) => this.#applyWrite(write, count),
      done,
      () => undefined,
    );
  }

  /** Beside the journal: writes may overtake it, and it waits for none. */
  saveSnapshot(snapshot: EncodedSnapshot, done: Done): void {
    this.#later(this.#latencyMs(), () => {
      this.#applySnapshot(snapshot);
      done(null);
    });
  }

  newestSnapshot(): { meta: EncodedSnapshot['meta']; chunkCount: number } | null {
    if (this.snapshot === null) return null;
    return { meta: this.snapshot.meta, chunkCount: this.snapshot.chunks.length };
  }

  readChunk(
    index: number,
    sequence: number,
    done: (error: Error | null, chunk: Uint8Array | null) => void,
  ): void {
    this.#later(this.random.between(0, 1), () => {
      const chunk = this.snapshot?.meta.index === index ? this.snapshot.chunks[sequence] : null;
      done(null, chunk ?? null);
    });
  }

  #submit(
    partCount: number,
    apply: (parts: number) => void,
    durable: () => void,
    restorable: () => void,
  ): void {
    const record: Journaled = { apply, partCount, isDurable: false, restorable };
    this.#journal.push(record);
    if (this.bug?.reportsBeforeSync) {
      this.#later(0, () => {
        durable();
        restorable();
      });
    }
    this.#later(this.#latencyMs(), () => {
      record.isDurable = true;
      const restored = this.#sync();
      if (this.bug?.reportsBeforeSync) return;
      durable();
      for (const earlier of restored) earlier.restorable();
    });
  }

  #latencyMs(): number {
    const { writeMinMs, writeMaxMs, slowWriteRate, slowWriteMs } = this.faults();
    const slow = this.random.chance(slowWriteRate) ? slowWriteMs * this.random.next() : 0;
    return this.random.between(writeMinMs, writeMaxMs) + slow;
  }

  get isHanging(): boolean {
    return this.schedule.nowMs < this.#hangsUntilMs;
  }

  /** It finishes nothing for that long. */
  hang(forMs: number): void {
    this.#hangsUntilMs = this.schedule.nowMs + forMs;
  }

  /** What it was given meanwhile finishes. */
  recover(): void {
    this.#hangsUntilMs = 0;
    for (const finish of this.#held.splice(0)) finish();
  }

  #sync(): Journaled[] {
    const open = this.#journal.findIndex((record) => !record.isDurable);
    const synced = this.#journal.splice(0, open < 0 ? this.#journal.length : open);
    for (const record of synced) record.apply(record.partCount);
    return synced;
  }

  #later(delayMs: number, run: () => void): void {
    const life = this.#life;
    this.schedule.after(delayMs, () => {
      const finish = (): void => {
        if (life === this.#life) run();
      };
      if (this.isHanging) this.#held.push(finish);
      else finish();
    });
  }

  /** Loses what is not synced, but for a random beginning of it. */
  crash(): void {
    this.#life++;
    const journal = this.#journal;
    this.#journal = [];
    for (const record of journal) {
      if (!record.isDurable && this.random.chance(0.6)) {
        record.apply(this.random.below(record.partCount + 1));
        return;
      }
      record.apply(record.partCount);
    }
  }

  /** Another, empty disk takes its place while the node is down. */
  lose(): void {
    this.#life++;
    this.#journal = [];
    this.hardState = { term: 0, vote: null };
    this.snapshot = null;
    this.entries = [];
    this.storedLockoutMs = 0;
    this.joining = true;
  }

  /** Parts in their order: hard state, snapshot, deletion of overwritten entries, entries. */
  #applyWrite({ hardState, joined, snapshot, entries }: StorageWrite, parts: number): void {
    if (parts >= 1 && hardState !== null) this.hardState = hardState;
    if (parts >= 1 && joined) this.joining = false;
    if (parts >= 2 && snapshot !== null) {
      this.snapshot = snapshot;
      this.entries = [];
    }
    if (parts < 3 || entries.length === 0) return;
    const first = entries[0]!.index;
    while (this.entries.length > 0 && this.lastIndex >= first) this.entries.pop();
    for (const entry of entries.slice(0, parts - 3)) {
      if (entry.index <= this.snapshotIndex) continue;
      if (entry.index !== this.lastIndex + 1) throw new Error('the log on disk has a gap');
      this.entries.push(entry);
    }
  }

  #applySnapshot(snapshot: EncodedSnapshot): void {
    const { index } = snapshot.meta;
    if (index <= this.snapshotIndex && !this.bug?.takesOlderSnapshots) return;
    this.snapshot = snapshot;
    this.entries = this.entries.filter((entry) => entry.index > index);
  }
}
