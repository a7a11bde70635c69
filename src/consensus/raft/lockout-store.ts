/**
 * The vote lockout across the runs of a node.
 *
 * A voter that has acknowledged a leader grants no vote for `lockoutMs` (Raft dissertation, section
 * 4.2.3: it disregards votes while it believes that a leader exists). Leases count on that (section
 * 6.4.1), so it must hold across a restart, also when the new run has a shorter election time-out:
 * the longer lockout is on disk before any leader can count on it, and a shorter one replaces it
 * only when the longer one has expired.
 */
import type { Done } from './driver-types.js';

export interface LockoutWriter {
  /** `done` when it survives a crash. */
  writeLockout(lockoutMs: number, done: Done): void;
}

/** Invariant: the stored lockout is at least any lockout that may still hold. */
export class LockoutStore {
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly writer: LockoutWriter,
    /** On disk at the start of this run. */
    private readonly storedLockoutMs: number,
    /** Of this run. */
    private readonly lockoutMs: number,
    private readonly onFailure: (error: Error) => void,
  ) {}

  /** Resolves when the disk holds at least the lockout of this run. Call before any vote. */
  async raise(): Promise<void> {
    if (this.lockoutMs > this.storedLockoutMs) await this.#write();
  }

  /**
   * Call when the node starts to participate: a longer lockout of an earlier run binds it from now
   * on, and is replaced on disk when it has certainly expired.
   */
  lowerWhenExpired(): void {
    if (this.lockoutMs >= this.storedLockoutMs) return;
    // Twice the time, because a timer may fire early and clocks differ.
    this.#timer = setTimeout(() => {
      this.#write().catch(this.onFailure);
    }, 2 * this.storedLockoutMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #write(): Promise<void> {
    const { writer, lockoutMs } = this;
    return new Promise((resolve, reject) => {
      writer.writeLockout(lockoutMs, (error) => (error === null ? resolve() : reject(error)));
    });
  }
}
