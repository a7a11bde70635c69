/**
 * Log lines that every retry would repeat: each text, or all texts of one key, at most once in
 * `REPEAT_AFTER_MS`. Name a key where a peer or a stranger can vary the text.
 */
import type { Logger } from '../../base/log.js';

const REPEAT_AFTER_MS = 60_000;

/** Lines of different keys in that time, at most. */
const KEYS_MAX = 256;

export class RateLimitedLog {
  readonly #loggedAtMs = new Map<string, number>();

  constructor(
    private readonly log: Logger,
    private readonly nowMs: () => number,
  ) {}

  warn(text: string, key = text): void {
    if (this.#isDue(key)) this.log.warn(text);
  }

  error(text: string, err: unknown): void {
    if (this.#isDue(text)) this.log.error({ err }, text);
  }

  #isDue(key: string): boolean {
    const nowMs = this.nowMs();
    const loggedAtMs = this.#loggedAtMs.get(key);
    if (loggedAtMs !== undefined && nowMs - loggedAtMs < REPEAT_AFTER_MS) return false;
    this.#loggedAtMs.delete(key);
    if (this.#loggedAtMs.size >= KEYS_MAX) {
      // Room only for what may be logged again anyhow: strangers can have any number of addresses.
      const [oldest] = this.#loggedAtMs;
      if (nowMs - oldest![1] < REPEAT_AFTER_MS) return false;
      this.#loggedAtMs.delete(oldest![0]);
    }
    this.#loggedAtMs.set(key, nowMs);
    return true;
  }
}
