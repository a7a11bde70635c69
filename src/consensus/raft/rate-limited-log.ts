/** Log lines that every retry would repeat: each text at most once in `REPEAT_AFTER_MS`. */
import type { Logger } from '../../base/log.js';

const REPEAT_AFTER_MS = 60_000;

/** Texts remembered: unknown clients can cause any number of different ones. */
const TEXTS_MAX = 256;

export class RateLimitedLog {
  readonly #loggedAtMs = new Map<string, number>();

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
    const loggedAtMs = this.#loggedAtMs.get(text);
    if (loggedAtMs !== undefined && nowMs - loggedAtMs < REPEAT_AFTER_MS) return false;
    this.#loggedAtMs.delete(text);
    if (this.#loggedAtMs.size >= TEXTS_MAX) {
      const [oldest] = this.#loggedAtMs.keys();
      this.#loggedAtMs.delete(oldest!);
    }
    this.#loggedAtMs.set(text, nowMs);
    return true;
  }
}
