/**
 * The end of the process: started once, by a signal, a failure or an uncaught exception, and done
 * within `STOP_TIMEOUT_MS` whatever is unresponsive.
 */
import { messageOf } from '../base/errors.js';
import type { Logger } from '../base/log.js';

/** Then the process is killed: it ends within 5 s of a signal (resources/freno.service). */
const STOP_TIMEOUT_MS = 4_800;

export class Shutdown {
  /** Resolves when a signal has stopped the service; rejects with any other cause. */
  readonly done: Promise<void>;
  readonly #log: Logger;
  #stop: () => Promise<void> = async () => {};
  #hasStarted = false;
  #isKilling = false;
  #finish: (failure: unknown) => void = () => {};

  constructor(log: Logger) {
    this.#log = log;
    this.done = new Promise((resolve, reject) => {
      this.#finish = (failure) => (failure === null ? resolve() : reject(failure));
    });
  }

  /** Whether the process is about to be killed, and must not end in another way. */
  get isKilling(): boolean {
    return this.#isKilling;
  }

  /**
   * From now on, signals and uncaught exceptions start the shutdown. `stop` ends all threads: an
   * exit while HTTP workers listen would abort the process. It rejects when a thread is left.
   */
  listen(stop: () => Promise<void>): void {
    this.#stop = stop;
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        this.#log.info({ signal }, 'received signal; shutting down');
        this.start(null);
      });
    }
    process.on('uncaughtException', (err) => {
      this.#log.error({ err }, 'uncaught exception; shutting down');
      this.start(err);
    });
  }

  get hasStarted(): boolean {
    return this.#hasStarted;
  }

  /**
   * `failure` is what the process fails with; null after a signal. Later calls change nothing: the
   * time is bounded by the first.
   */
  start(failure: unknown): void {
    if (this.#hasStarted) return;
    this.#hasStarted = true;
    setTimeout(
      () => this.#killProcess(failure, `not done after ${STOP_TIMEOUT_MS / 1000} s`),
      STOP_TIMEOUT_MS,
    ).unref();
    this.#stop().then(
      () => this.#finish(failure),
      (error: unknown) => this.#killProcess(failure ?? error, messageOf(error)),
    );
  }

  /**
   * SIGKILL, because no thread can delay it: `process.exit` would wait for a thread that hangs, or
   * abort.
   */
  #killProcess(failure: unknown, reason: string): void {
    this.#log.error({ reason }, 'shutdown failed; killing the process');
    this.#isKilling = true;
    this.#finish(failure);
    setImmediate(() => process.kill(process.pid, 'SIGKILL'));
  }
}
