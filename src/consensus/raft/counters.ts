/** What a Raft node counts about itself, over all its lives in this process. */

import { monotonicMs } from '../../base/clock.js';
import { type DurationCounts, Durations } from '../../base/durations.js';
import type { SoftState } from './core/types.js';
import type { RaftStorage } from './driver-types.js';

const BOUNDS_SECONDS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5];

export class RaftMeter {
  readonly #writes = new Durations(BOUNDS_SECONDS);
  #elections = 0;
  #leaderChanges = 0;
  /** The latest term in which this node stood for election. */
  #stoodInTerm = 0;

  get elections(): number {
    return this.#elections;
  }

  get leaderChanges(): number {
    return this.#leaderChanges;
  }

  get diskWrites(): DurationCounts {
    return this.#writes.counted;
  }

  /** A node that is elected at once may never be seen as a candidate. */
  softStateChanged(before: SoftState, after: SoftState): void {
    const stands = after.role === 'candidate' || after.role === 'leader';
    if (stands && after.term > this.#stoodInTerm) {
      this.#stoodInTerm = after.term;
      this.#elections++;
    }
    if (after.leader !== before.leader) this.#leaderChanges++;
  }

  /** The same storage, with its writes timed. */
  measured(storage: RaftStorage): RaftStorage {
    return {
      write: (write, done) => {
        const startedAtMs = monotonicMs();
        storage.write(write, (error) => {
          this.#writes.record(monotonicMs() - startedAtMs);
          done(error);
        });
      },
      saveSnapshot: (snapshot, done) => storage.saveSnapshot(snapshot, done),
      newestSnapshot: () => storage.newestSnapshot(),
      readChunk: (index, sequence, done) => storage.readChunk(index, sequence, done),
    };
  }
}
