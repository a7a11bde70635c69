/**
 * Says once that something fails, again when it fails in another way, and once that it works again.
 */
import { messageOf } from '../../base/errors.js';
import type { Logger } from '../../base/log.js';

export class TransitionLog {
  readonly #log: Logger;
  readonly #what: string;
  #message: string | null = null;

  /** `what` is what works or fails, as the subject of a sentence. */
  constructor(log: Logger, what: string) {
    this.#log = log;
    this.#what = what;
  }

  failed(error: unknown): void {
    const message = messageOf(error);
    if (message === this.#message) return;
    this.#message = message;
    this.#log.error({ error: message }, `${this.#what} fails`);
  }

  worked(): void {
    if (this.#message === null) return;
    this.#message = null;
    this.#log.warn(`${this.#what} works again`);
  }
}
