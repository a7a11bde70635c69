/** What a Raft node counts about itself. */
import { expect } from 'chai';
import type { Role, SoftState } from '../../../src/consensus/raft/core/types.js';
import type { Done, RaftStorage } from '../../../src/consensus/raft/driver-types.js';
import { RaftMeter } from '../../../src/consensus/raft/meter.js';

function soft(role: Role, term: number, leader: string | null): SoftState {
  return { role, term, leader, leaseRound: 0, leaseLockoutMs: 0, transferTo: null };
}

/** Takes the meter through these states. */
function passed(...states: readonly SoftState[]): RaftMeter {
  const meter = new RaftMeter();
  let before = soft('follower', 0, null);
  for (const state of states) {
    meter.softStateChanged(before, state);
    before = state;
  }
  return meter;
}

describe('the meter of a Raft node', () => {
  it('counts the terms in which it stood, also where it was elected unseen', () => {
    const meter = passed(
      soft('preCandidate', 0, null),
      soft('candidate', 1, null),
      soft('candidate', 2, null),
      soft('leader', 2, 'a'),
      soft('follower', 3, 'b'),
      soft('leader', 4, 'a'),
    );
    expect(meter.elections).to.equal(3);
  });

  it('counts the changes of the leader that it knows', () => {
    const meter = passed(
      soft('follower', 1, 'b'),
      soft('follower', 1, 'b'),
      soft('follower', 2, null),
      soft('follower', 2, 'c'),
    );
    expect(meter.leaderChanges).to.equal(3);
  });

  it('times each write until it is durable, and passes everything on', () => {
    const meter = new RaftMeter();
    const pending: Done[] = [];
    const storage = meter.measured({
      write: (_write, done) => void pending.push(done),
      newestSnapshot: () => null,
    } as Partial<RaftStorage> as RaftStorage);
    const outcomes: Array<Error | null> = [];
    storage.write({ hardState: null, snapshot: null, entries: [] }, (error) =>
      outcomes.push(error),
    );
    const writes = (): number => meter.diskWrites.counts.reduce((sum, count) => sum + count, 0);
    expect(writes()).to.equal(0);
    pending[0]!(null);
    expect(writes()).to.equal(1);
    expect(outcomes).to.deep.equal([null]);
    expect(storage.newestSnapshot()).to.equal(null);
  });
});
