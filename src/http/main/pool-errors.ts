/** Why the HTTP workers cannot serve. */
import { FrenoError } from '../../base/errors.js';
import { threadName } from './http-thread.js';
import { portError } from './port-probe.js';
import type { HttpWorkerHandle } from './worker-handle.js';

/** Of a worker that has ended, or hangs, before it listened on the port. */
export function startError(worker: HttpWorkerHandle, port: number): FrenoError {
  if (worker.phase !== 'gone') return hungError([worker]);
  const reason = worker.failure?.message ?? 'it ended';
  switch (worker.failure?.cause) {
    case 'native': {
      const advice = 'choose "node" or "auto"';
      const message = `HttpEngine: uws does not load here: ${reason}; ${advice}`;
      return new FrenoError('RESOURCE', message);
    }
    case 'listen':
      return portError(port, reason);
    default:
      return new FrenoError('RESOURCE', `an HTTP worker did not start: ${reason}`);
  }
}

export function hungError(workers: readonly HttpWorkerHandle[]): FrenoError {
  const threads = workers.map(({ number }) => threadName(number)).join(', ');
  return new FrenoError(
    'THREAD_HUNG',
    `${threads}: unresponsive HTTP worker; the process must be restarted`,
  );
}
