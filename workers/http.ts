/** Entry of an HTTP worker thread. */
import { parentPort, workerData } from 'node:worker_threads';
import { runHttpWorker } from '../src/http/worker.js';
import { serveDiagnostics } from '../src/publish/diagnostics/thread.js';
import type { HttpWorkerData } from '../src/wire/http.js';

if (parentPort === null) throw new Error('workers/http.js runs as a worker thread');
const data = workerData as HttpWorkerData;
serveDiagnostics(data.diagnostics);
runHttpWorker(parentPort, data);
