/** Entry of an HTTP worker thread. */
import { parentPort, workerData } from 'node:worker_threads';
import { loadLogLibrary } from '../src/base/log.js';
import type { HttpThreadData, HttpWorkerData } from '../src/contracts/http.js';
import { runHttpWorker } from '../src/http/worker/worker.js';
import { serveDiagnostics } from '../src/publish/shared/thread-diagnostics.js';

if (parentPort === null) throw new Error('workers/http.js runs as a worker thread');
const port = parentPort;
const { worker, start } = workerData as HttpThreadData;
start.once('message', (data: HttpWorkerData) => {
  serveDiagnostics(data.diagnostics);
  runHttpWorker(port, worker, data);
  setImmediate(loadLogLibrary);
});
