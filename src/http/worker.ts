/** An HTTP worker thread. */
import type { MessagePort } from 'node:worker_threads';
import type { HttpWorkerData } from '../wire/http.js';
export function runHttpWorker(_port: MessagePort, _data: HttpWorkerData): void {}
