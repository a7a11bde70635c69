/** How often a node takes a snapshot of its own state. */
import { expect } from 'chai';
import type { SnapshotMeta } from '../../../../src/consensus/raft/core/types.js';
import { SnapshotTaker } from '../../../../src/consensus/raft/driver/snapshot-taker.js';
import { EMPTY_IMAGE } from '../../../../src/throttle/state.js';

const EVERY = 10;

/** Indexes of the snapshots that a node with so many throttled apps takes in 500 entries. */
function takenBeside(rows: number): number[] {
  const throttledApps = Array.from(
    { length: rows },
    (_, at) => [`app${at}`, { expireAtMs: 1, ratio: 1 }] as const,
  );
  const taken: number[] = [];
  let newest: { meta: SnapshotMeta; chunkCount: number } | null = null;
  const taker = new SnapshotTaker(
    {
      machine: { image: () => ({ ...EMPTY_IMAGE, throttledApps }) },
      storage: {
        newestSnapshot: () => newest,
        saveSnapshot: ({ meta }, done) => {
          newest = { meta, chunkCount: 1 };
          done(null);
        },
      },
      environment: { soon: (run) => run() },
    },
    EVERY,
    {
      isSettled: () => true,
      isInUse: () => false,
      taken: ({ index }) => taken.push(index),
      failed: (error) => {
        throw error;
      },
    },
  );
  for (let index = 1; index <= 500; index++) taker.applied({ index, term: 1 });
  return taken;
}

describe('snapshots of the own state', () => {
  it('are taken after so many entries', () => {
    const expected = Array.from({ length: 50 }, (_, at) => (at + 1) * EVERY);
    expect(takenBeside(0)).to.deep.equal(expected);
    expect(takenBeside(40)).to.deep.equal(expected);
  });

  it('are taken after more entries when they have many rows', () => {
    expect(takenBeside(400)).to.deep.equal([10, 110, 210, 310, 410]);
    expect(takenBeside(100_000)).to.deep.equal([10]);
  });
});
