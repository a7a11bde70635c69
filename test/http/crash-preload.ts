/**
 * Loaded before a worker's own code (`--import`): makes the first HTTP workers of a process crash
 * while they serve, each in one of three ways.
 */
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import type { HttpThreadData, ToHttp } from '../../src/contracts/http.js';

const CRASHING_WORKERS = 5;
const CRASH_AFTER_MS = 250;

if (!isMainThread) {
  const { worker } = workerData as HttpThreadData;
  if (worker < CRASHING_WORKERS) plant(worker);
}

function plant(worker: number): void {
  let isPlanted = false;
  parentPort?.on('message', (message: ToHttp) => {
    // Commands come when the pool has started: a crash before that is a start that has failed.
    if (message.kind !== 'apply' || isPlanted) return;
    isPlanted = true;
    if (worker % 3 === 0) {
      setTimeout(() => {
        throw new Error('planted: thrown from a timer');
      }, CRASH_AFTER_MS);
    } else if (worker % 3 === 1) {
      setTimeout(() => void Promise.reject(new Error('planted: rejected')), CRASH_AFTER_MS * 2);
    } else {
      throw new Error('planted: thrown from a message');
    }
  });
}
