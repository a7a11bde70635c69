/** The counters of a Raft node. */
import { expect } from 'chai';
import type { Role, SoftState } from '../../../src/consensus/raft/core/types.js';
import { RaftCounters } from '../../../src/consensus/raft/counters.js';
import type { Done, RaftStorage } from '../../../src/consensus/raft/driver-types.js';

function soft(role: Role, term: number, leader: string | null): SoftState {
  return { role, term, leader, leaseRound: 0, leaseLockoutMs: 0, transferTo: null, loss: null };
}

/** Counters that have seen these states. */
function countersAfter(...states: readonly SoftState[]): RaftCounters {
  const counters = new RaftCounters();
  let before = soft('follower', 0, null);
  for (const state of states) {
    counters.softStateChanged(before, state);
    before = state;
  }
  return counters;
}

describe('RaftCounters', () => {
  it('counts each term of a candidacy, also when the node is elected at once', () => {
    const counters = countersAfter(
      soft('preCandidate', 0, null),
      soft('candidate', 1, null),
      soft('candidate', 2, null),
      soft('leader', 2, 'a'),
      soft('follower', 3, 'b'),
      soft('leader', 4, 'a'),
    );
    expect(counters.elections).to.equal(3);
  });

  it('counts the changes of the known leader', () => {
    const counters = countersAfter(
      soft('follower', 1, 'b'),
      soft('follower', 1, 'b'),
      soft('follower', 2, null),
      soft('follower', 2, 'c'),
    );
    expect(counters.leaderChanges).to.equal(3);
  });

  it('times each write until it is durable, and passes all calls on', () => {
    const counters = new RaftCounters();
    const pending: Done[] = [];
    const storage = counters.timed({
      write: (_write, done) => void pending.push(done),
      newestSnapshot: () => null,
    } as Partial<RaftStorage> as RaftStorage);
    const outcomes: Array<Error | null> = [];
    storage.write({ hardState: null, snapshot: null, entries: [] }, (error) =>
      outcomes.push(error),
    );
    const writes = (): number => counters.diskWrites.counts.reduce((sum, count) => sum + count, 0);
    expect(writes()).to.equal(0);
    pending[0]!(null);
    expect(writes()).to.equal(1);
    expect(outcomes).to.deep.equal([null]);
    expect(storage.newestSnapshot()).to.equal(null);
  });
});
