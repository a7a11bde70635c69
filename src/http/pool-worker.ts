/** One HTTP worker as main sees it: the thread, the messages to it, what it still owes. */
import { Worker } from 'node:worker_threads';
import type { FromHttp, HttpWorkerData, ToHttp } from '../wire/http.js';

const ENTRY = new URL('../../workers/http.js', import.meta.url);

/**
 * starting -> ready -> serving -> gone, or from anywhere to gone.
 * Only a serving worker is told of changes: it gets the whole state with the order to serve.
 */
export type WorkerPhase = 'starting' | 'ready' | 'serving' | 'gone';

export type WorkerFailure = Extract<FromHttp, { kind: 'failed' }>;

export interface WorkerEvents {
  received(worker: PoolWorker, message: FromHttp): void;
  /** After the thread has ended, for whatever reason. */
  gone(worker: PoolWorker): void;
}

export class PoolWorker {
  readonly startedAtMs = performance.now();
  phase: WorkerPhase = 'starting';
  /** Why it ended, once it has said so or failed. */
  failure: WorkerFailure | undefined;
  readonly #thread: Worker;

  constructor(
    readonly number: number,
    data: HttpWorkerData,
    events: WorkerEvents,
  ) {
    this.#thread = new Worker(ENTRY, {
      workerData: data,
      name: `http-${number}`,
      transferList: [data.diagnostics],
    });
    this.#thread.on('message', (message: FromHttp) => {
      if (message.kind === 'failed') this.failure = message;
      events.received(this, message);
    });
    this.#thread.on('error', (error: Error) => {
      this.failure ??= { kind: 'failed', cause: 'crash', message: error.message };
    });
    this.#thread.on('exit', () => {
      this.phase = 'gone';
      events.gone(this);
    });
  }

  post(message: ToHttp): void {
    if (this.phase !== 'gone') this.#thread.postMessage(message);
  }
}
