/**
 * What could be logged again and again, as often as something is tried: each text is written when
 * it is new, and then once in a while.
 */
import type { Logger } from '../../base/log.js';

const REPEAT_AFTER_MS = 60_000;

/** Texts remembered: strangers can cause any number of different ones. */
const TEXTS_MAX = 256;

export class RateLimitedLog {
  readonly #writtenMs = new Map<string, number>();

  constructor(
    private readonly log: Logger,
    private readonly nowMs: () => number,
  ) {}

  warn(text: string): void {
    if (this.#isDue(text)) this.log.warn(text);
  }

  error(text: string, err: unknown): void {
    if (this.#isDue(text)) this.log.error({ err }, text);
  }

  #isDue(text: string): boolean {
    const nowMs = this.nowMs();
    const writtenMs = this.#writtenMs.get(text);
    if (writtenMs !== undefined && nowMs - writtenMs < REPEAT_AFTER_MS) return false;
    this.#writtenMs.delete(text);
    if (this.#writtenMs.size >= TEXTS_MAX) {
      const [oldest] = this.#writtenMs.keys();
      this.#writtenMs.delete(oldest!);
    }
    this.#writtenMs.set(text, nowMs);
    return true;
  }
}
