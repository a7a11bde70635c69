/**
 * What a node has promised to leaders, across its runs: one that starts with a shorter election
 * time-out keeps the longer promise.
 */
import type { Done } from './driver-types.js';

/** Where it is kept. */
export interface LockoutWriter {
  /** `done` once it survives a crash. */
  writeLockout(lockoutMs: number, done: Done): void;
}

/** Invariant: what is stored is at least any promise that may still hold. */
export class LockoutStore {
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly store: LockoutWriter,
    /** What was stored at the start of this run. */
    private readonly storedLockoutMs: number,
    /** What this run promises. */
    private readonly lockoutMs: number,
    private readonly onFailure: (error: Error) => void,
  ) {}

  /** Resolves when this run may promise. */
  async begin(): Promise<void> {
    if (this.lockoutMs > this.storedLockoutMs) await this.#write();
  }

  /**
   * From now on this run is bound by a longer promise of an earlier one, which is forgotten when it
   * has run out for certain.
   */
  outlast(): void {
    if (this.lockoutMs >= this.storedLockoutMs) return;
    // Twice, for a timer may fire early and clocks differ.
    this.#timer = setTimeout(() => {
      this.#write().catch(this.onFailure);
    }, 2 * this.storedLockoutMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #write(): Promise<void> {
    const { store, lockoutMs } = this;
    return new Promise((resolve, reject) => {
      store.writeLockout(lockoutMs, (error) => (error === null ? resolve() : reject(error)));
    });
  }
}
