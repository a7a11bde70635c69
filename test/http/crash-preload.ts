/**
 * Loaded before a worker's own code (`--import`): makes the first HTTP workers of a process crash
 * while they serve, each in one of three ways.
 */
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import type { HttpWorkerData, ToHttp } from '../../src/contracts/http.js';

const CRASHING_WORKERS = 5;
const CRASH_AFTER_MS = 250;

if (!isMainThread) {
  const { worker } = workerData as HttpWorkerData;
  if (worker < CRASHING_WORKERS) plant(worker);
}

function plant(worker: number): void {
  parentPort?.on('message', (message: ToHttp) => {
    if (message.kind === 'serve' && worker % 3 === 0) {
      setTimeout(() => {
        throw new Error('planted: thrown from a timer');
      }, CRASH_AFTER_MS);
    } else if (message.kind === 'serve' && worker % 3 === 1) {
      setTimeout(() => void Promise.reject(new Error('planted: rejected')), CRASH_AFTER_MS * 2);
    } else if (message.kind === 'apply' && worker % 3 === 2) {
      throw new Error('planted: thrown from a message');
    }
  });
}
