/**
 * Takes snapshots of this node's own state, a chunk in each turn of the loop.
 *
 * What is applied may not be on this node's disk yet, and not in force on all of its threads. A
 * snapshot that is kept replaces the log before it, and may be sent to a follower, which takes all
 * of it for committed: so it is kept only once both have caught up.
 */
import type { StateImage } from '../../../throttle/state.js';
import { encodeImage } from '../codec/snapshots.js';
import type { SnapshotMeta } from '../core/types.js';
import type {
  DriverEnvironment,
  EncodedSnapshot,
  RaftStorage,
  ReplicatedMachine,
} from '../driver-types.js';

/**
 * How much longer the log may grow while the last snapshot is being sent: over a thin link that
 * takes long, and with each new snapshot it begins again.
 */
const IN_USE_FACTOR = 4;

/**
 * A snapshot has all rows, however few have changed: with many the log may grow to so many entries
 * per row, or each command would pay for the size of the tables.
 */
const ENTRIES_PER_ROW = 0.25;

export interface SnapshotTakerHooks {
  /** Whether a snapshot of the state at `index` may be kept. */
  isSettled(index: number): boolean;
  /** Whether a new snapshot should wait: it would end the sending of the present one. */
  isInUse(): boolean;
  /** A snapshot at `meta` is durable. */
  taken(meta: SnapshotMeta): void;
  failed(error: Error): void;
}

export class SnapshotTaker {
  #isBusy = false;
  #isStopped = false;
  /** Encoded, and not settled yet. */
  #waiting: EncodedSnapshot | null = null;
  #lastIndex: number;
  /** In the last snapshot that this node took since its start. */
  #rows = 0;

  constructor(
    private readonly parts: {
      readonly machine: Pick<ReplicatedMachine, 'image'>;
      readonly storage: Pick<RaftStorage, 'saveSnapshot' | 'newestSnapshot'>;
      readonly environment: Pick<DriverEnvironment, 'soon'>;
    },
    private readonly everyEntries: number,
    private readonly hooks: SnapshotTakerHooks,
  ) {
    this.#lastIndex = parts.storage.newestSnapshot()?.meta.index ?? 0;
  }

  /** Everything up to `applied` is in the state, nothing else. */
  applied(applied: SnapshotMeta): void {
    const entries = applied.index - this.#lastIndex;
    const everyEntries = Math.max(this.everyEntries, this.#rows * ENTRIES_PER_ROW);
    if (this.#isBusy || entries < everyEntries) return;
    if (this.hooks.isInUse() && entries < everyEntries * IN_USE_FACTOR) return;
    this.#isBusy = true;
    this.#lastIndex = applied.index;
    const image = this.parts.machine.image();
    this.#rows = rowsOf(image);
    this.#encode(applied, encodeImage(image), []);
  }

  /** The leader's snapshot at `index` took the place of the state. */
  restored(index: number): void {
    this.#lastIndex = Math.max(this.#lastIndex, index);
  }

  /** The log has become durable, or in force, further on. */
  settled(): void {
    const waiting = this.#waiting;
    if (waiting === null || !this.hooks.isSettled(waiting.meta.index)) return;
    this.#waiting = null;
    this.#save(waiting);
  }

  stop(): void {
    this.#isStopped = true;
    this.#waiting = null;
  }

  #encode(meta: SnapshotMeta, encoding: Generator<Uint8Array>, chunks: Uint8Array[]): void {
    if (this.#isStopped) return;
    const { value, done } = encoding.next();
    if (done === true) {
      this.#waiting = { meta, chunks };
      this.settled();
      return;
    }
    chunks.push(value);
    this.parts.environment.soon(() => this.#encode(meta, encoding, chunks));
  }

  #save(snapshot: EncodedSnapshot): void {
    const { meta } = snapshot;
    this.parts.storage.saveSnapshot(snapshot, (error) => {
      this.#isBusy = false;
      if (this.#isStopped) return;
      if (error !== null) this.hooks.failed(error);
      // A snapshot of the leader may have overtaken it.
      else if (this.parts.storage.newestSnapshot()?.meta.index === meta.index) {
        this.hooks.taken(meta);
      }
    });
  }
}

function rowsOf({ throttledApps, skippedHosts, exemptedApps, thresholds }: StateImage): number {
  return throttledApps.length + skippedHosts.length + exemptedApps.length + thresholds.length;
}
