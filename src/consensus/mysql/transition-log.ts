/**
 * Logs transitions instead of every retry: one line when something starts to fail, one when the
 * error changes, one when it has recovered.
 */
import { messageOf } from '../../base/errors.js';
import type { Logger } from '../../base/log.js';

export class TransitionLog {
  readonly #log: Logger;
  readonly #task: string;
  #message: string | null = null;

  /** `task`: what fails or succeeds, as the subject of the log line. */
  constructor(log: Logger, task: string) {
    this.#log = log;
    this.#task = task;
  }

  failed(error: unknown): void {
    const message = messageOf(error);
    if (message === this.#message) return;
    this.#message = message;
    this.#log.error({ error: message }, `${this.#task} failed`);
  }

  succeeded(): void {
    if (this.#message === null) return;
    this.#message = null;
    this.#log.warn(`${this.#task} recovered`);
  }
}
