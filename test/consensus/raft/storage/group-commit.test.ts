/** Group commit: several writes merged to one. */
import { expect } from 'chai';
import type { Entry } from '../../../../src/consensus/raft/core/types.js';
import type { StorageWrite } from '../../../../src/consensus/raft/driver-types.js';
import { mergeWrites } from '../../../../src/consensus/raft/storage/group-commit.js';

const nothing: StorageWrite = { hardState: null, snapshot: null, entries: [] };

function entries(first: number, last: number, term: number): Entry[] {
  const made: Entry[] = [];
  for (let index = first; index <= last; index++) {
    made.push({ index, term, data: new Uint8Array(0) });
  }
  return made;
}

function placesOf(write: StorageWrite): string[] {
  return write.entries.map(({ index, term }) => `${index}:${term}`);
}

describe('mergeWrites', () => {
  it('keeps entries that follow each other', () => {
    const merged = mergeWrites([
      { ...nothing, entries: entries(4, 5, 1) },
      { ...nothing, entries: entries(6, 6, 1) },
    ]);
    expect(placesOf(merged)).to.deep.equal(['4:1', '5:1', '6:1']);
  });

  it('keeps the later of two entries with one index, and none after it', () => {
    const merged = mergeWrites([
      { ...nothing, entries: entries(4, 8, 1) },
      { ...nothing, entries: entries(6, 6, 2) },
    ]);
    expect(placesOf(merged)).to.deep.equal(['4:1', '5:1', '6:2']);
  });

  it('keeps a later batch that starts before the first', () => {
    const merged = mergeWrites([
      { ...nothing, entries: entries(4, 8, 1) },
      { ...nothing, entries: entries(2, 3, 2) },
    ]);
    expect(placesOf(merged)).to.deep.equal(['2:2', '3:2']);
  });

  it('keeps the last term and vote', () => {
    const merged = mergeWrites([
      { ...nothing, hardState: { term: 3, vote: 'a' } },
      { ...nothing, hardState: { term: 4, vote: null } },
      nothing,
    ]);
    expect(merged.hardState).to.deep.equal({ term: 4, vote: null });
  });

  it('keeps no entry that a snapshot has replaced', () => {
    const snapshot = { meta: { index: 50, term: 2 }, chunks: [new Uint8Array([1])] };
    const merged = mergeWrites([
      { ...nothing, entries: entries(4, 8, 1) },
      { ...nothing, snapshot, entries: entries(51, 52, 3) },
    ]);
    expect(merged.snapshot).to.equal(snapshot);
    expect(placesOf(merged)).to.deep.equal(['51:3', '52:3']);
  });
});
