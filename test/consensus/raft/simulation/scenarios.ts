/** Faults of one kind for long, which a cluster must bear without a long interruption. */
import type { FaultProfile } from './fault-profile.js';
import type { LivenessBounds } from './liveness.js';

export interface Scenario {
  readonly name: string;
  readonly faults: Partial<FaultProfile>;
  readonly bounds: LivenessBounds;
}

const never = Number.POSITIVE_INFINITY;

/** A sound network, sound processes, and clients that keep writing. */
export const nothingHappens = {
  nodes: 3,
  stormMs: 20_000,
  timesDiffer: false,
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

export const scenarios: readonly Scenario[] = [
  {
    name: 'one of three disks hangs at a time',
    faults: { ...nothingHappens, diskHangEveryMs: 4_000, diskHangMs: 5_000 },
    bounds: { leaseWithinMs: 6_000 },
  },
  {
    name: 'one or two of five disks hang at a time',
    faults: { ...nothingHappens, nodes: 5, diskHangEveryMs: 2_000, diskHangMs: 5_000 },
    bounds: { leaseWithinMs: 6_000 },
  },
  {
    name: 'all disks are slow and leaders crash',
    faults: {
      ...nothingHappens,
      writeMinMs: 300,
      writeMaxMs: 600,
      crashEveryMs: 10_000,
      downMs: 500,
    },
    bounds: { leaderWithinMs: 4_000 },
  },
];
