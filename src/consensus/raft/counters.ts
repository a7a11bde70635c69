/** Counters of a Raft node for `/metrics`, across its restarts in this process. */

import { monotonicMs } from '../../base/clock.js';
import { type DurationCounts, Durations } from '../../base/durations.js';
import type { SoftState } from './core/types.js';
import type { RaftStorage } from './driver-types.js';
import { PeerCounters } from './transport/peer-counters.js';

const BOUNDS_SECONDS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5];

export class RaftCounters {
  readonly #diskWrites = new Durations(BOUNDS_SECONDS);
  readonly peers = new PeerCounters();
  #elections = 0;
  #leaderChanges = 0;
  /** The latest term in which this node was a candidate. */
  #candidateTerm = 0;

  get elections(): number {
    return this.#elections;
  }

  get leaderChanges(): number {
    return this.#leaderChanges;
  }

  get diskWrites(): DurationCounts {
    return this.#diskWrites.counted;
  }

  /** For `/metrics`. */
  get counted() {
    const { checksumErrors, refusedConnections, refusedProofs, unprovenPeers } = this.peers;
    return {
      ...{ elections: this.#elections, leaderChanges: this.#leaderChanges },
      ...{ diskWrites: this.diskWrites, differingLists: this.peers.differingLists.size },
      ...{ checksumErrors, refusedConnections, refusedProofs, unprovenPeers },
    };
  }

  /** A node that is elected at once is never seen as a candidate, but its term counts. */
  softStateChanged(before: SoftState, after: SoftState): void {
    const wasCandidate = after.role === 'candidate' || after.role === 'leader';
    if (wasCandidate && after.term > this.#candidateTerm) {
      this.#candidateTerm = after.term;
      this.#elections++;
    }
    if (after.leader !== before.leader) this.#leaderChanges++;
  }

  /** The same storage; its writes are timed. */
  timed(storage: RaftStorage): RaftStorage {
    return {
      write: (write, done) => {
        const startedAtMs = monotonicMs();
        storage.write(write, (error) => {
          this.#diskWrites.record(monotonicMs() - startedAtMs);
          done(error);
        });
      },
      saveSnapshot: (snapshot, done) => storage.saveSnapshot(snapshot, done),
      newestSnapshot: () => storage.newestSnapshot(),
      readChunk: (index, sequence, done) => storage.readChunk(index, sequence, done),
    };
  }
}
