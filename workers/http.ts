/** Entry of an HTTP worker thread. */
import { parentPort, workerData } from 'node:worker_threads';
import { runHttpWorker } from '../src/http/worker.js';
import type { HttpWorkerData } from '../src/wire/http.js';

if (parentPort === null) throw new Error('workers/http.js runs as a worker thread');
runHttpWorker(parentPort, workerData as HttpWorkerData);
