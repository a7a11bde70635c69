/** Takes snapshots of this node's own state, a chunk in each turn of the loop. */
import { encodeImage } from '../codec/snapshots.js';
import type { SnapshotMeta } from '../core/types.js';
import type { DriverEnvironment, RaftStorage, ReplicatedMachine } from '../driver-types.js';

export interface SnapshotTakerHooks {
  /** A snapshot at `meta` is durable. */
  taken(meta: SnapshotMeta): void;
  failed(error: Error): void;
}

export class SnapshotTaker {
  #isBusy = false;
  #isStopped = false;
  #lastIndex: number;

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
    if (this.#isBusy || applied.index - this.#lastIndex < this.everyEntries) return;
    this.#isBusy = true;
    this.#lastIndex = applied.index;
    this.#encode(applied, encodeImage(this.parts.machine.image()), []);
  }

  /** The leader's snapshot at `index` took the place of the state. */
  restored(index: number): void {
    this.#lastIndex = Math.max(this.#lastIndex, index);
  }

  stop(): void {
    this.#isStopped = true;
  }

  #encode(meta: SnapshotMeta, encoding: Generator<Uint8Array>, chunks: Uint8Array[]): void {
    if (this.#isStopped) return;
    const { value, done } = encoding.next();
    if (done === true) {
      this.#save(meta, chunks);
      return;
    }
    chunks.push(value);
    this.parts.environment.soon(() => this.#encode(meta, encoding, chunks));
  }

  #save(meta: SnapshotMeta, chunks: readonly Uint8Array[]): void {
    this.parts.storage.saveSnapshot({ meta, chunks }, (error) => {
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
