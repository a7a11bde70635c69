/**
 * What goes wrong in one simulation, and how often. Drawn again for each seed: with constant rates
 * some bugs need a mixture that never comes up (measured: 0 of 4,000 seeds against hundreds).
 */
import { defaultLimits } from '../../../../src/consensus/raft/core/config.js';
import type { SeededRandom } from '../../../support/random.js';

/**
 * `written`: its own disk has advanced, and no other node may know; `committed`: its commit index
 * has just advanced.
 */
export type LeaderCrashPoint = 'written' | 'committed' | 'later';
const leaderCrashPoints: readonly LeaderCrashPoint[] = [
  'written',
  'written',
  'written',
  'committed',
  'committed',
  'later',
];

export interface FaultProfile {
  readonly nodes: number;
  /** Virtual time with faults; then all heals. */
  readonly stormMs: number;
  readonly limits: typeof defaultLimits;
  /** Each node draws its election and heartbeat times again at each start. */
  readonly timesDiffer: boolean;
  readonly snapshotEntries: number;
  readonly keepEntries: number;
  /** How much faster or slower than true time a node's clock may run, as a share. */
  readonly clockDrift: number;
  /**
   * By how much the wall clocks of a minority may be wrong, ahead or behind, and they are set again
   * and again. 0: none is wrong.
   */
  readonly wrongClockMs: number;

  /** Mean time between commands of clients. */
  readonly commandEveryMs: number;
  readonly readShare: number;

  readonly delayMinMs: number;
  readonly delayMaxMs: number;
  readonly lossRate: number;
  readonly duplicateRate: number;
  /**
   * Share of messages that come late, by up to `stragglerMs`: old messages overtaken by new ones.
   */
  readonly stragglerRate: number;
  readonly stragglerMs: number;
  /** Mean time between events; Infinity: never. */
  readonly partitionEveryMs: number;
  readonly partitionMs: number;
  readonly brokenConnectionEveryMs: number;

  readonly writeMinMs: number;
  readonly writeMaxMs: number;
  readonly slowWriteRate: number;
  readonly slowWriteMs: number;
  /** A disk finishes nothing for a while, then everything; never those of a majority at once. */
  readonly diskHangEveryMs: number;
  readonly diskHangMs: number;
  /** Share of changes that a reader thread takes over late, and how late. */
  readonly busyReaderRate: number;
  readonly busyReaderMs: number;
  /** Several writes in progress at once, which finish in any order. */
  readonly overlappingWrites: boolean;

  readonly crashEveryMs: number;
  /**
   * The moments at which successive leaders crash or are cut off, over and over: logs end in ever
   * new terms.
   */
  readonly leaderCrashPoints: readonly LeaderCrashPoint[];
  /** How often another node stands still when a node crashes. */
  readonly doubleTroubleRate: number;
  readonly downMs: number;
  /** Share of the crashes of one node, always the same, after which its disk is empty. */
  readonly diskLossRate: number;
  /** Share of crashes after which the node is back at once. */
  readonly quickRestartRate: number;
  /**
   * The leader loses one follower; after its election time-out, the leader stands still and
   * another follower restarts.
   */
  readonly crisisEveryMs: number;
  readonly pauseEveryMs: number;
  readonly pauseMs: number;
  readonly stallEveryMs: number;
  readonly stallMs: number;
  readonly transferEveryMs: number;
}

/** The mean time between events that do not happen. */
export const never = Number.POSITIVE_INFINITY;

/** Nothing goes wrong but what is added: the network, the disks and the processes are sound. */
export const noFaults = {
  clockDrift: 0,
  commandEveryMs: 100,
  delayMinMs: 0.2,
  delayMaxMs: 2,
  lossRate: 0,
  duplicateRate: 0,
  stragglerRate: 0,
  partitionEveryMs: never,
  brokenConnectionEveryMs: never,
  writeMinMs: 0.05,
  writeMaxMs: 5,
  slowWriteRate: 0,
  busyReaderRate: 0,
  diskHangEveryMs: never,
  crashEveryMs: never,
  leaderCrashPoints: [],
  doubleTroubleRate: 0,
  crisisEveryMs: never,
  pauseEveryMs: never,
  stallEveryMs: never,
  transferEveryMs: never,
} as const satisfies Partial<FaultProfile>;

export function drawFaultProfile(random: SeededRandom): FaultProfile {
  const often = (low: number, high: number) =>
    random.chance(0.35) ? Number.POSITIVE_INFINITY : random.magnitude(low, high);
  const rate = (most: number) => (random.chance(0.4) ? 0 : random.magnitude(0.001, most));
  const orOne = (most: number) => (random.chance(0.3) ? 1 : Math.ceil(random.magnitude(1, most)));
  const delayMinMs = random.magnitude(0.05, 2);
  return {
    nodes: random.pick([1, 3, 3, 3, 3, 5, 5]),
    stormMs: random.between(3_000, 9_000),
    limits: {
      ...defaultLimits,
      maxAppendBytes: orOne(64 * 1024),
      maxInflightAppends: orOne(64),
      maxApplyEntries: orOne(1024),
      maxUncommittedBytes: Math.ceil(random.magnitude(256, 1024 * 1024)),
    },
    timesDiffer: random.chance(0.5),
    snapshotEntries: orOne(300),
    keepEntries: random.chance(0.5) ? 0 : random.below(50),
    clockDrift: random.chance(0.5) ? 0 : 0.01,
    wrongClockMs: random.chance(0.5) ? 0 : random.magnitude(60_000, 1e11),
    commandEveryMs: random.magnitude(3, 2_000),
    readShare: random.between(0, 0.4),
    delayMinMs,
    delayMaxMs: delayMinMs * random.magnitude(1, 100),
    lossRate: rate(0.3),
    duplicateRate: rate(0.3),
    stragglerRate: rate(0.2),
    stragglerMs: random.magnitude(10, 3_000),
    partitionEveryMs: often(200, 5_000),
    partitionMs: random.magnitude(50, 3_000),
    brokenConnectionEveryMs: often(100, 5_000),
    writeMinMs: 0.05,
    writeMaxMs: random.magnitude(0.1, 20),
    slowWriteRate: rate(0.3),
    slowWriteMs: random.magnitude(10, 1_500),
    busyReaderRate: rate(0.3),
    busyReaderMs: random.magnitude(3, 500),
    overlappingWrites: random.chance(0.4),
    crashEveryMs: often(100, 5_000),
    leaderCrashPoints: Array.from({ length: random.below(5) }, () =>
      random.pick(leaderCrashPoints),
    ),
    doubleTroubleRate: random.chance(0.5) ? 0 : random.next(),
    downMs: random.magnitude(1, 2_000),
    diskLossRate: random.chance(0.6) ? 0 : random.next(),
    quickRestartRate: random.next(),
    crisisEveryMs: often(500, 5_000),
    pauseEveryMs: often(300, 5_000),
    pauseMs: random.magnitude(100, 3_000),
    stallEveryMs: often(100, 3_000),
    stallMs: random.magnitude(5, 600),
    transferEveryMs: often(100, 3_000),
    diskHangEveryMs: often(1_000, 10_000),
    diskHangMs: random.magnitude(500, 5_000),
  };
}

/** When all has healed. */
export function calm(faults: FaultProfile): FaultProfile {
  return {
    ...faults,
    delayMaxMs: faults.delayMinMs,
    lossRate: 0,
    duplicateRate: 0,
    stragglerRate: 0,
    partitionEveryMs: never,
    brokenConnectionEveryMs: never,
    writeMinMs: Math.min(faults.writeMinMs, 5),
    writeMaxMs: Math.min(faults.writeMaxMs, 5),
    slowWriteRate: 0,
    diskHangEveryMs: never,
    crashEveryMs: never,
    crisisEveryMs: never,
    pauseEveryMs: never,
    stallEveryMs: never,
    transferEveryMs: never,
  };
}
