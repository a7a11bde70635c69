/**
 * Loaded before a worker's own code (`--import`): makes the first HTTP worker of a process hang at
 * the point that the environment names.
 */
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import type { HttpThreadData, ToHttp } from '../../src/contracts/http.js';

/**
 * `FRENO_TEST_HANG`: before the worker's code loads, or on the message that makes it listen, or on
 * a command.
 */
export type HangPoint = 'load' | 'serve' | 'apply';

if (!isMainThread && (workerData as Partial<HttpThreadData>)?.start !== undefined) {
  const { worker } = workerData as HttpThreadData;
  const point = process.env.FRENO_TEST_HANG as HangPoint;
  if (worker === 0 && point === 'load') hang();
  if (worker === 0) {
    parentPort?.on('message', (message: ToHttp) => {
      // A new leader sends a change without commands, to have all earlier ones acknowledged.
      if (message.kind === 'apply' && message.commands.length === 0) return;
      if (message.kind === point) hang();
    });
  }
}

function hang(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}
