/** Bugs planted on purpose, one at a time: a simulation that does not find them proves nothing. */
import { defaultLimits } from '../../../../src/consensus/raft/core/config.js';
import { coreBugs } from './core-bugs.js';
import { type FaultProfile, never, noFaults } from './fault-profile.js';
import type { Mutant } from './mutant.js';
import { ruleBugs } from './rule-bugs.js';

/**
 * The leader and one follower often lose their connection, and the other follower decides between
 * them.
 */
const partedPair: Partial<FaultProfile> = {
  nodes: 3,
  leaderCrashPoints: [],
  crisisEveryMs: 1_500,
  commandEveryMs: 1_000,
  partitionEveryMs: never,
  partitionMs: 2_000,
  diskHangEveryMs: never,
};

/**
 * No faults but those added to it: most faults end a lease before another node could be elected
 * beside it.
 */
const unequalTimes: Partial<FaultProfile> = {
  nodes: 3,
  timesDiffer: true,
  leaderCrashPoints: [],
  commandEveryMs: 1_000,
  lossRate: 0,
  stragglerRate: 0,
  slowWriteRate: 0,
  crashEveryMs: never,
  pauseEveryMs: never,
  stallEveryMs: never,
  transferEveryMs: never,
  crisisEveryMs: never,
  partitionEveryMs: never,
  diskHangEveryMs: never,
};

/** One node crashes again and again, and returns with an empty disk each time. */
const lostDisks: Partial<FaultProfile> = {
  nodes: 3,
  diskLossRate: 1,
  crashEveryMs: 400,
  downMs: 50,
  partitionEveryMs: 500,
  commandEveryMs: 20,
};

export const mutants: readonly Mutant[] = [
  {
    name: 'commits entries of older terms by counting',
    rules: { commitsByCounting: () => true },
    faults: {
      ...noFaults,
      nodes: 3,
      limits: { ...defaultLimits, maxAppendBytes: 1, maxInflightAppends: 1 },
      leaderCrashPoints: ['written', 'written', 'committed'],
      brokenConnectionEveryMs: 150,
      commandEveryMs: 1_000,
      stormMs: 15_000,
      quickRestartRate: 0,
      downMs: 500,
      partitionMs: 400,
    },
  },
  { name: 'forgets its vote when it restarts', forgetsVote: true },
  { name: 'votes twice in a term', rules: { mayVoteFor: () => true } },
  { name: 'votes for candidates whose log is behind', rules: { isUpToDate: () => true } },
  {
    name: 'announces a commit before it is in force',
    rules: { announces: (committed) => committed },
  },
  { name: 'sends a response before the disk has what it says', rules: { maySend: () => true } },
  { name: 'truncates without a conflict', rules: { conflicts: () => true } },
  {
    name: 'commits beyond the last new entry',
    rules: { commitAfterAppend: (leaderCommit) => leaderCommit },
  },
  {
    name: 'trusts disk completions that overtook others',
    rules: { completesInOrder: (batch, durableBatch) => batch > durableBatch },
  },
  {
    name: 'votes although it just acknowledged a leader',
    rules: { isLockedOut: () => false },
    faults: partedPair,
  },
  {
    name: 'votes right after its start',
    rules: { isLockedOutAtStart: () => false },
    faults: { ...partedPair, crisisEveryMs: 1_000, quickRestartRate: 1, stormMs: 10_000 },
  },
  {
    name: 'assumes its own lockout for its peers',
    rules: { lockoutMs: (_byVoter, byLeader) => byLeader },
    faults: {
      ...unequalTimes,
      pauseEveryMs: 1_000,
      pauseMs: 500,
      crashEveryMs: 2_000,
      quickRestartRate: 1,
      stormMs: 10_000,
    },
  },
  {
    name: 'forgets at its start that an earlier lockout was longer',
    forgetsLockout: true,
    faults: {
      ...unequalTimes,
      crisisEveryMs: 600,
      partitionMs: 2_000,
      quickRestartRate: 1,
      stormMs: 15_000,
    },
  },
  { name: 'judges expiries by its own wall clock alone', ignoresClocks: true },
  {
    name: 'keeps the lease while it offers leadership',
    rules: { carriesLease: (round) => round > 0 },
  },
  {
    name: 'counts the lease from the responses to its heartbeats',
    notesRoundsLate: true,
    faults: { nodes: 3, commandEveryMs: 1_000, stallEveryMs: 150, stallMs: 300 },
  },
  {
    name: 'votes with an empty disk',
    rules: { mayVoteWhileJoining: () => true },
    faults: lostDisks,
  },
  {
    name: 'counts the copy of a node with an empty disk',
    rules: { countsForCommit: () => true, mayVoteWhileJoining: () => true },
    faults: lostDisks,
  },
  ...coreBugs,
  { name: 'forwards a command twice', duplicatesForwards: true },
  {
    name: 'confirms a command before its readers judge by it',
    confirmsBeforeReaders: true,
  },
  {
    name: 'takes a write for durable before the disk has synced it',
    disk: { reportsBeforeSync: true },
  },
  {
    name: 'lets an older snapshot replace a newer one',
    disk: { takesOlderSnapshots: true },
    faults: {
      nodes: 3,
      snapshotEntries: 5,
      keepEntries: 0,
      commandEveryMs: 30,
      slowWriteRate: 0.3,
      slowWriteMs: 1_500,
    },
  },
  ...ruleBugs,
];
