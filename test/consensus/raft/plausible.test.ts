/** Terms and indexes that no cluster reaches. */
import { expect } from 'chai';
import type { PeerMessage } from '../../../src/consensus/raft/codec/messages.js';
import {
  AHEAD_MAX,
  checkPlausible,
  checkStoredPlausible,
  TERM_OR_INDEX_MAX,
} from '../../../src/consensus/raft/codec/plausible.js';

const route = { from: 'a:1', to: 'b:2' };
/** Of a heartbeat. */
const timeless = { majorityUnixMs: 0 };
const LARGEST = Number.MAX_SAFE_INTEGER;

describe('checkPlausible', () => {
  const far: PeerMessage[] = [
    { kind: 'preVote', ...route, term: LARGEST, lastIndex: 7, lastTerm: 2 },
    { kind: 'vote', ...route, term: 9, lastIndex: LARGEST, lastTerm: 2, transferRound: 0 },
    { kind: 'vote', ...route, term: 9, lastIndex: 7, lastTerm: LARGEST, transferRound: 0 },
    { kind: 'voteResponse', ...route, term: LARGEST, granted: false },
    { kind: 'heartbeat', ...route, term: 8 + AHEAD_MAX, round: 1, commit: 4, ...timeless },
    { kind: 'heartbeat', ...route, term: 8, round: 1, commit: LARGEST, ...timeless },
    { kind: 'appendResponse', ...route, term: 7, index: LARGEST, joining: false },
    { kind: 'appendReject', ...route, term: 7, prevIndex: 9, hintIndex: LARGEST, hintTerm: 2 },
    { kind: 'append', ...route, term: 7, prevIndex: LARGEST, prevTerm: 1, commit: 2, entries: [] },
    {
      kind: 'snapshotChunk',
      term: 7,
      snapshotIndex: LARGEST,
      snapshotTerm: 4,
      sequence: 0,
      chunkCount: 1,
      chunk: new Uint8Array(0),
    },
  ];
  for (const message of far) {
    const { length } = JSON.stringify(message);
    it(`refuses a ${message.kind} of ${length} characters that is far ahead`, () => {
      expect(() => checkPlausible(message, 7, 100))
        .to.throw('implausibly far ahead of')
        .with.property('code', 'PROTOCOL');
    });
  }

  it('accepts a leader that is 2^32 terms and entries ahead', () => {
    const commit = 100 + AHEAD_MAX;
    const term = 7 + AHEAD_MAX;
    checkPlausible({ kind: 'heartbeat', ...route, term, round: 1, commit, ...timeless }, 7, 100);
  });

  it('accepts no term above the largest of all, whatever is known', () => {
    const heartbeat = { kind: 'heartbeat', ...route, round: 1, commit: 1, ...timeless } as const;
    const known = TERM_OR_INDEX_MAX;
    checkPlausible({ ...heartbeat, term: known }, known, 1);
    expect(() => checkPlausible({ ...heartbeat, term: known + 1 }, known, 1)).to.throw();
  });
});

describe('checkStoredPlausible', () => {
  it('refuses a disk with a term or an index that no cluster reaches, with the way out', () => {
    const last = { index: 101, term: 7 };
    checkStoredPlausible(8, last);
    checkStoredPlausible(7 + AHEAD_MAX, last);
    const broken = [
      [LARGEST, last],
      [8 + AHEAD_MAX, last],
      [8, { index: LARGEST, term: 7 }],
      [LARGEST, { index: 101, term: LARGEST }],
    ] as const;
    for (const [term, end] of broken) {
      expect(() => checkStoredPlausible(term, end))
        .to.throw(/^it holds term .* empty RaftDataDir/)
        .with.property('code', 'RESOURCE');
    }
  });
});
