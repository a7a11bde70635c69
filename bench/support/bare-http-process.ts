/**
 * Entry of the bare server's process, and of its worker thread: threads as freno's, main idle and
 * one that serves.
 */

import uws from 'uWebSockets.js';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { serve } from '../../src/demo/subprocess.js';
import { freePorts } from '../../src/demo/temporary.js';
import type { BareHttpProtocol } from './bare-http.js';

interface BareWorkerData {
  readonly port: number;
  readonly body: string;
}

if (isMainThread) serve<BareHttpProtocol>({ listen });
else answerEverything(workerData as BareWorkerData);

async function listen(body: string): Promise<number> {
  const [port] = await freePorts(1);
  const data: BareWorkerData = { port: port!, body };
  const worker = new Worker(fileURLToPath(import.meta.url), { workerData: data });
  await new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  return port!;
}

function answerEverything({ port, body }: BareWorkerData): void {
  const app = uws.App();
  app.get('/*', (response) => {
    response.writeHeader('Content-Type', 'application/json').end(body);
  });
  app.head('/*', (response) => {
    response.writeHeader('Content-Type', 'application/json').endWithoutBody();
  });
  app.listen('127.0.0.1', port, (socket) => {
    if (socket === false) throw new Error(`cannot listen on port ${port}`);
    parentPort?.postMessage('listening');
  });
}
