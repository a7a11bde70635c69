/** A lower bound of what is durable: in memory exactly, and in the side file soon after. */
import { monotonicMs } from '../../../base/clock.js';
import type { Done } from '../driver-types.js';
import { type NodeState, nodeStateChecksum } from './node-state.js';
import type { SyncedFile, SyncedRecord } from './synced-file.js';

/**
 * Each write of the side file costs a thread of the pool some 25 µs, as much as a small batch for
 * the log: under load the newest bound follows at this distance. A kill in between leaves an older
 * bound.
 */
const WRITE_SPACING_MS = 20;

export class SyncedBound {
  #record: SyncedRecord;
  readonly #file: SyncedFile;
  readonly #onFailure: (error: Error) => void;
  /** The next write of the side file, when it has to wait. */
  #timer: NodeJS.Timeout | undefined;
  #writtenAtMs = 0;

  constructor(file: SyncedFile, record: SyncedRecord, onFailure: (error: Error) => void) {
    this.#file = file;
    this.#record = record;
    this.#onFailure = onFailure;
  }

  get record(): SyncedRecord {
    return this.#record;
  }

  stateSynced(state: NodeState): void {
    if (state.version <= this.#record.stateVersion) return;
    const stateChecksum = nodeStateChecksum(state);
    this.#record = { ...this.#record, stateVersion: state.version, stateChecksum };
  }

  logSynced(lastIndex: number, chain: number): void {
    this.#record = { ...this.#record, lastIndex, chain };
  }

  /**
   * Before the log is cut behind `lastIndex`: calls back when nothing behind it has to be there
   * after a crash.
   */
  lower(lastIndex: number, chain: number, done: Done): void {
    if (this.#record.lastIndex <= lastIndex) {
      done(null);
      return;
    }
    this.logSynced(lastIndex, chain);
    this.#file.write(this.#record, true, done);
  }

  /** Writes the side file, now or a little later. */
  writeSoon(): void {
    if (this.#timer !== undefined) return;
    const waitMs = this.#writtenAtMs + WRITE_SPACING_MS - monotonicMs();
    if (waitMs <= 0) this.#writeUnwatched();
    else this.#timer = setTimeout(() => this.#writeUnwatched(), waitMs);
  }

  /** Calls back when the side file is written. */
  write(done: Done): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writtenAtMs = monotonicMs();
    this.#file.write(this.#record, false, done);
  }

  #writeUnwatched(): void {
    this.write((error) => {
      if (error !== null) this.#onFailure(error);
    });
  }

  /** Writes what is due, then closes the file. */
  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.write(() => resolve());
    });
    await this.#file.close();
  }
}
