/** Entry of a probe thread: one endless task of the pool. */
import { monotonicMs } from '../src/base/clock.js';
import { logLibraryOutput } from '../src/base/library-output.js';
import { createLogger, loadLogLibrary } from '../src/base/log.js';
import { Board, emptyLeadershipReading } from '../src/board/board.js';
import type { ProbeTask } from '../src/contracts/probe.js';
import { MemcachePublisher } from '../src/publish/prober/memcache/publisher.js';
import { serveDiagnostics } from '../src/publish/shared/thread-diagnostics.js';
import { ProbeWorker } from '../src/stores/prober/probe-worker.js';
import { mayAct } from '../src/throttle/leadership-view.js';

/** Resolves when main has stopped the worker. */
export function probe(task: ProbeTask): Promise<void> {
  serveDiagnostics(task.diagnostics);
  const log = createLogger(task.log, `probe-${task.worker}`);
  logLibraryOutput(log);
  const board = new Board(task.board);
  const leadership = emptyLeadershipReading();
  const publisher = new MemcachePublisher({
    address: task.memcache,
    mayAct: () => mayAct(board.readLeadership(leadership), monotonicMs()),
    log,
  });
  setImmediate(loadLogLibrary);
  return new ProbeWorker(task, publisher).run();
}
