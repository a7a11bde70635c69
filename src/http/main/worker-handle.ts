/** One HTTP worker as main sees it: the thread, the messages to it, what it still owes. */
import { Worker } from 'node:worker_threads';
import { Watchdog, type WatchdogLimits } from '../../base/watchdog.js';
import type { FromHttp, HttpWorkerData, ToHttp } from '../../contracts/http.js';

/**
 * What a check leaves behind dies at once: the smallest young generation will do. The bound of the
 * old one is far from all that a worker may keep; V8 lets it grow in small steps by it.
 */
const RESOURCE_LIMITS = { maxYoungGenerationSizeMb: 3, maxOldGenerationSizeMb: 1024 };

const ENTRY = new URL('../../../workers/http.js', import.meta.url);

/**
 * starting -> ready -> serving -> gone, or from anywhere to gone.
 * Only a serving worker is told of changes: it gets the whole state with the order to serve.
 */
export type WorkerPhase = 'starting' | 'ready' | 'serving' | 'gone';

export type WorkerFailure = Extract<FromHttp, { kind: 'failed' }>;

export interface WorkerEvents {
  received(worker: HttpWorkerHandle, message: FromHttp): void;
  /** After the thread has ended, for whatever reason. */
  gone(worker: HttpWorkerHandle): void;
  /** Whether it may be silent now. */
  isExcused(worker: HttpWorkerHandle): boolean;
  /** It gives no sign of life; it may still end, or come back. */
  onHang(worker: HttpWorkerHandle): void;
}

/** As its messages, its log and its profiles name a worker. */
export function threadName(number: number): string {
  return `http-${number}`;
}

export class HttpWorkerHandle {
  readonly startedAtMs = performance.now();
  phase: WorkerPhase = 'starting';
  /** Gives no sign of life: nothing is to be expected of it. */
  isHung = false;
  /** Why it ended, once it has said so or failed. */
  failure: WorkerFailure | undefined;
  readonly #thread: Worker;
  readonly #watch: Watchdog;

  constructor(
    readonly number: number,
    data: HttpWorkerData,
    events: WorkerEvents,
    silence: WatchdogLimits,
  ) {
    this.#thread = new Worker(ENTRY, {
      workerData: data,
      name: threadName(number),
      transferList: [data.diagnostics],
      resourceLimits: RESOURCE_LIMITS,
    });
    const watched = {
      ask: () => this.post({ kind: 'ping' }),
      isExcused: () => events.isExcused(this),
      onHang: () => {
        this.isHung = true;
        events.onHang(this);
      },
    };
    this.#watch = new Watchdog(watched, silence);
    this.#thread.on('message', (message: FromHttp) => {
      this.#watch.feed();
      if (message.kind === 'failed') this.failure = message;
      events.received(this, message);
    });
    this.#thread.on('error', (error: Error) => {
      this.failure ??= { kind: 'failed', cause: 'crash', message: error.message };
    });
    this.#thread.on('exit', () => {
      this.phase = 'gone';
      this.#watch.stop();
      events.gone(this);
    });
  }

  post(message: ToHttp): void {
    if (this.phase !== 'gone') this.#thread.postMessage(message);
  }
}
