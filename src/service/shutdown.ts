/**
 * The end of the process: begun once, by a signal, a failure or a defect, and over in time whatever
 * hangs.
 */
import { messageOf } from '../base/errors.js';
import type { Logger } from '../base/log.js';

/** Beyond, the process ends whatever is still open. */
const STOP_TIMEOUT_MS = 4_800;

export class Shutdown {
  /** Resolves when a signal has ended the service, rejects with what else did. */
  readonly done: Promise<void>;
  readonly #stop: () => Promise<void>;
  readonly #log: Logger;
  #hasStarted = false;
  #finish: (failure: unknown) => void = () => {};

  /**
   * `stop` ends all threads: to exit with HTTP workers still listening would abort the process. It
   * rejects when a thread is left over.
   */
  constructor(stop: () => Promise<void>, log: Logger) {
    this.#stop = stop;
    this.#log = log;
    this.done = new Promise((resolve, reject) => {
      this.#finish = (failure) => (failure === null ? resolve() : reject(failure));
    });
  }

  /** Signals and defects end the process from now on. */
  listen(): void {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        this.#log.info({ signal }, 'stopping');
        this.start(null);
      });
    }
    process.on('uncaughtException', (err) => {
      this.#log.error({ err }, 'stopping because of a defect');
      this.start(err);
    });
  }

  /**
   * With what makes the end a failure, or null. What comes later changes nothing: the end is
   * bounded anyway.
   */
  start(failure: unknown): void {
    if (this.#hasStarted) return;
    this.#hasStarted = true;
    setTimeout(
      () => this.#killProcess(failure, 'the service did not stop in time'),
      STOP_TIMEOUT_MS,
    ).unref();
    this.#stop().then(
      () => this.#finish(failure),
      (error: unknown) => this.#killProcess(failure ?? error, messageOf(error)),
    );
  }

  /**
   * By a signal that no thread can hold up: `process.exit` would wait for one that hangs, or abort.
   */
  #killProcess(failure: unknown, reason: string): void {
    this.#log.error({ reason }, 'ending by force');
    this.#finish(failure);
    setImmediate(() => process.kill(process.pid, 'SIGKILL'));
  }
}
