/**
 * The thread of an HTTP worker. It loads its modules at once, and waits for what it shall run on:
 * the first one loads while main loads the service and reads the configuration.
 */
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import type { HttpThreadData, HttpWorkerData } from '../../contracts/http.js';

/**
 * A check leaves only short-lived garbage: a small young generation is enough. Commands wait for
 * main meanwhile: in the smallest one, a third of what they cost went into collecting those that
 * were still there. The bound of the old generation is far above all that a worker may hold; V8
 * lets it grow in small steps by that bound.
 */
const RESOURCE_LIMITS = { maxYoungGenerationSizeMb: 8, maxOldGenerationSizeMb: 1024 };

const ENTRY = new URL('../../../workers/http.js', import.meta.url);

/** The name of a worker in its messages, its log and its profiles. */
export function threadName(number: number): string {
  return `http-${number}`;
}

export class HttpThread {
  readonly worker: Worker;
  readonly #start: MessagePort;
  #hasEnded = false;

  constructor(readonly number: number) {
    const { port1, port2 } = new MessageChannel();
    this.#start = port1;
    const workerData: HttpThreadData = { worker: number, start: port2 };
    this.worker = new Worker(ENTRY, {
      workerData,
      name: threadName(number),
      transferList: [port2],
      resourceLimits: RESOURCE_LIMITS,
    });
    // A process with a wrong configuration ends without it.
    this.worker.unref();
    // A failure before `run` has no other listener, and would end the process.
    this.worker.on('error', () => {
      this.#hasEnded = true;
    });
    this.worker.on('exit', () => {
      this.#hasEnded = true;
    });
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  run(data: HttpWorkerData): void {
    this.worker.ref();
    this.#start.postMessage(data, [data.diagnostics]);
    this.#start.close();
  }
}
