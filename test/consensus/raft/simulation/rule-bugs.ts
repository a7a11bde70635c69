/** Rules of log, disk and hand-over that a core breaks, one at a time. */
import { type FaultProfile, never } from './fault-profile.js';
import type { Mutant } from './mutant.js';

/** Offers of leadership arrive long after they were sent. */
const lateOffers: Partial<FaultProfile> = {
  nodes: 3,
  leaderCrashPoints: [],
  commandEveryMs: 1_000,
  delayMinMs: 0.1,
  delayMaxMs: 1,
  lossRate: 0,
  stragglerRate: 0.5,
  stragglerMs: 700,
  slowWriteRate: 0,
  crashEveryMs: never,
  pauseEveryMs: never,
  stallEveryMs: never,
  crisisEveryMs: never,
  partitionEveryMs: 600,
  partitionMs: 300,
  transferEveryMs: 60,
  timesDiffer: false,
  stormMs: 15_000,
};

export const ruleBugs: readonly Mutant[] = [
  {
    name: 'counts its own log before its disk has it',
    rules: { ownMatch: (_durable, lastIndex) => lastIndex },
  },
  {
    name: 'lets a late acknowledgement lower what a follower has',
    rules: { matchAfterResponse: (_match, acknowledged) => acknowledged },
  },
  { name: 'begins its term without an entry', rules: { beginsWithEntry: () => false } },
  {
    name: 'confirms reads before an entry of its term is committed',
    rules: { knowsCommitted: () => true },
    faults: { nodes: 3, transferEveryMs: 300, readShare: 0.5, commandEveryMs: 20 },
  },
  { name: 'replaces a log that covers the snapshot', rules: { replacesLog: () => true } },
  {
    name: 'compacts entries that its snapshot does not cover',
    rules: { compactsUpTo: (snapshotIndex, keepEntries) => snapshotIndex + keepEntries },
  },
  {
    name: 'counts a write whose entries were truncated meanwhile',
    rules: { lastIndexAfterCut: (lastIndex) => lastIndex },
  },
  {
    name: 'takes an offer of leadership that a later round has overtaken',
    rules: { releasesLockout: (_lockoutRound, transferRound) => transferRound > 0 },
    faults: lateOffers,
  },
];
