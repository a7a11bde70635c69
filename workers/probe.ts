/** Entry of a probe thread: one long task of the pool. */
import { ProbeWorker } from '../src/stores/worker.js';
import type { ProbeTask } from '../src/wire/probe.js';

/** Probes until told to stop. */
export function probe(task: ProbeTask): Promise<void> {
  return new ProbeWorker(task).run();
}
