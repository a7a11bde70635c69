/**
 * Loaded before the code of each thread (`--import`): SIGUSR2 makes the probe threads of the
 * process hang.
 */
import { BroadcastChannel, isMainThread, workerData } from 'node:worker_threads';
import type { HttpThreadData } from '../../src/contracts/http.js';

const channel = new BroadcastChannel('hang-probe-threads');
channel.unref();
if (isMainThread) {
  process.on('SIGUSR2', () => channel.postMessage('hang'));
} else if ((workerData as Partial<HttpThreadData> | null)?.start === undefined) {
  channel.onmessage = () => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  };
  channel.unref();
}
