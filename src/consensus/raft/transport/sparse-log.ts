/** Warnings that could come many times a second: each is written when it is new, and then once in a while. */
import type { Logger } from '../../../base/log.js';

const REPEAT_AFTER_MS = 60_000;

/** Texts remembered: strangers can cause any number of different ones. */
const TEXTS_MAX = 256;

export class SparseLog {
  readonly #writtenMs = new Map<string, number>();

  constructor(
    private readonly log: Logger,
    private readonly nowMs: () => number,
  ) {}

  warn(text: string): void {
    const nowMs = this.nowMs();
    const writtenMs = this.#writtenMs.get(text);
    if (writtenMs !== undefined && nowMs - writtenMs < REPEAT_AFTER_MS) return;
    this.#writtenMs.delete(text);
    if (this.#writtenMs.size >= TEXTS_MAX) {
      const [oldest] = this.#writtenMs.keys();
      this.#writtenMs.delete(oldest!);
    }
    this.#writtenMs.set(text, nowMs);
    this.log.warn(text);
  }
}
