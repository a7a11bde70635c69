/** What a leader knows of a follower: `next` and `match` under late and repeated responses. */
import { expect } from 'chai';
import { defaultLimits, validate } from '../../../../src/consensus/raft/core/config.js';
import { RaftConfigError } from '../../../../src/consensus/raft/core/errors.js';
import { Progress } from '../../../../src/consensus/raft/core/progress.js';
import { reachedByMajority, Tally } from '../../../../src/consensus/raft/core/quorum.js';
import { raftRules } from '../../../../src/consensus/raft/core/rules.js';

const limits = { maxInflightAppends: 2, maxInflightBytes: 100 };

/** A follower that has all up to 5, with appends up to 9 on the way. */
function replicating(): Progress {
  const progress = new Progress('b', 6, limits, raftRules);
  progress.acked(5);
  progress.sent(7, 10);
  progress.sent(9, 10);
  return progress;
}

describe('raft progress', () => {
  it('never moves next below match after a late reject', () => {
    const progress = replicating();
    expect(progress.rejected(5, 2)).to.equal(false);
    expect(progress.rejected(3, 0)).to.equal(false);
    expect([progress.match, progress.next]).to.deep.equal([5, 10]);
  });

  it('probes behind match again after an append was rejected', () => {
    const progress = replicating();
    expect(progress.rejected(9, 2)).to.equal(true);
    expect([progress.mode, progress.match, progress.next]).to.deep.equal(['probe', 5, 6]);
  });

  it('resets match when the connection breaks, and probes at its old place first', () => {
    const progress = replicating();
    progress.disconnected();
    expect(progress).to.include({ mode: 'probe', match: 0, next: 6, maySend: true });
    progress.disconnected();
    expect(progress.next, 'once more').to.equal(6);
    progress.sent(5, 0);
    expect(progress.rejected(5, 0), 'by one that has lost its disk').to.equal(true);
    expect(progress).to.include({ mode: 'probe', match: 0, next: 1 });
  });

  it('probes where the logs may agree, but not below match', () => {
    const progress = new Progress('b', 10, limits, raftRules);
    expect(progress.rejected(9, 4)).to.equal(true);
    expect(progress.next).to.equal(5);
    expect(progress.rejected(9, 1)).to.equal(false);
    expect(progress.rejected(4, 0)).to.equal(true);
    expect(progress.next).to.equal(1);
  });

  it('sends one probe until it, or a heartbeat, gets a response', () => {
    const progress = new Progress('b', 10, limits, raftRules);
    progress.sent(9, 0);
    expect(progress.maySend).to.equal(false);
    progress.heartbeatAcked(1, 9);
    expect(progress.maySend).to.equal(true);
  });

  it('limits the appends and the bytes in flight', () => {
    const byCount = replicating();
    expect(byCount.maySend).to.equal(false);
    byCount.acked(7);
    expect(byCount.maySend).to.equal(true);
    byCount.sent(10, 95);
    byCount.acked(9);
    expect(byCount.maySend).to.equal(true);
    byCount.sent(11, 10);
    byCount.acked(9);
    expect(byCount.maySend).to.equal(false);
  });

  it('ignores old acknowledgements of an append', () => {
    const progress = replicating();
    expect(progress.acked(3)).to.equal(false);
    expect([progress.match, progress.next]).to.deep.equal([5, 10]);
  });
});

describe('raft quorum', () => {
  it('computes the index that a majority has reached', () => {
    expect(reachedByMajority([4])).to.equal(4);
    expect(reachedByMajority([4, 9])).to.equal(4);
    expect(reachedByMajority([4, 9, 7])).to.equal(7);
    expect(reachedByMajority([1, 2, 3, 4])).to.equal(2);
    expect(reachedByMajority([5, 1, 2, 9, 2])).to.equal(2);
  });

  it('counts the first response of each voter', () => {
    const tally = new Tally(3);
    tally.record('a', true);
    tally.record('b', false);
    tally.record('b', true);
    expect(tally.verdict()).to.equal('open');
    tally.record('c', false);
    expect(tally.verdict()).to.equal('lost');
  });
});

describe('raft configuration', () => {
  const good = { ...defaultLimits, id: 'a', nodes: ['a', 'b', 'c'], lockoutMs: 9, startTicks: 10 };
  const bad = {
    nodes: { nodes: ['b', 'c'] },
    'nodes ': { nodes: ['a', 'b', 'b'] },
    electionTicks: { electionTicks: 5, heartbeatTicks: 2 },
    heartbeatTicks: { heartbeatTicks: 0 },
    lockoutMs: { lockoutMs: 0 },
    startTicks: { startTicks: 9 },
    maxAppendBytes: { maxAppendBytes: 1.5 },
    maxInflightBytes: { maxInflightBytes: 1 },
  };

  it('accepts the default configuration', () => {
    expect(() => validate(good)).not.to.throw();
  });

  for (const [field, change] of Object.entries(bad)) {
    it(`refuses ${JSON.stringify(change)}, naming the field`, () => {
      const named = new RegExp(`^${field.trim()} must`);
      expect(() => validate({ ...good, ...change })).to.throw(RaftConfigError, named);
    });
  }
});
