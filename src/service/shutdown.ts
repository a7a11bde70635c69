/** The end of the process: begun once, by a signal, a failure or a defect, and over in time whatever hangs. */
import { messageOf } from '../base/errors.js';
import type { Logger } from '../base/log.js';

/** Beyond, the process ends whatever is still open. */
const STOP_TIMEOUT_MS = 4_800;

export class Ending {
  /** Resolves when a signal has ended the service, rejects with what else did. */
  readonly over: Promise<void>;
  readonly #stop: () => Promise<void>;
  readonly #log: Logger;
  #hasBegun = false;
  #finish: (failure: unknown) => void = () => {};

  /**
   * `stop` ends all threads: to exit with HTTP workers still listening would abort the process. It rejects when a thread is
   * left over.
   */
  constructor(stop: () => Promise<void>, log: Logger) {
    this.#stop = stop;
    this.#log = log;
    this.over = new Promise((resolve, reject) => {
      this.#finish = (failure) => (failure === null ? resolve() : reject(failure));
    });
  }

  /** Signals and defects end the process from now on. */
  listen(): void {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        this.#log.info({ signal }, 'stopping');
        this.begin(null);
      });
    }
    process.on('uncaughtException', (err) => {
      this.#log.error({ err }, 'stopping because of a defect');
      this.begin(err);
    });
  }

  /** With what makes the end a failure, or null. What comes later changes nothing: the end is bounded anyway. */
  begin(failure: unknown): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    setTimeout(
      () => this.#force(failure, 'the service did not stop in time'),
      STOP_TIMEOUT_MS,
    ).unref();
    this.#stop().then(
      () => this.#finish(failure),
      (error: unknown) => this.#force(failure ?? error, messageOf(error)),
    );
  }

  /** By a signal that no thread can hold up: `process.exit` would wait for one that hangs, or abort. */
  #force(failure: unknown, reason: string): void {
    this.#log.error({ reason }, 'ending by force');
    this.#finish(failure);
    setImmediate(() => process.kill(process.pid, 'SIGKILL'));
  }
}
