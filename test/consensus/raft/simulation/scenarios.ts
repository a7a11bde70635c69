/** Faults of one kind for long, which a cluster must bear without a long interruption. */
import { type FaultProfile, noFaults } from './fault-profile.js';
import type { LivenessBounds } from './liveness.js';

export interface Scenario {
  readonly name: string;
  readonly faults: Partial<FaultProfile>;
  readonly bounds: LivenessBounds;
}

const base: Partial<FaultProfile> = { ...noFaults, nodes: 3, stormMs: 20_000, timesDiffer: false };

export const SLOW_DISKS = 'all disks are slow and leaders crash';

export const scenarios: readonly Scenario[] = [
  {
    name: 'one of three disks hangs at a time',
    faults: { ...base, diskHangEveryMs: 4_000, diskHangMs: 5_000 },
    bounds: { leaseWithinMs: 6_000, acknowledgedWithinMs: 6_000 },
  },
  {
    name: 'one or two of five disks hang at a time',
    faults: { ...base, nodes: 5, diskHangEveryMs: 2_000, diskHangMs: 5_000 },
    bounds: { leaseWithinMs: 6_000, acknowledgedWithinMs: 6_000 },
  },
  {
    name: SLOW_DISKS,
    faults: {
      ...base,
      writeMinMs: 300,
      writeMaxMs: 600,
      crashEveryMs: 10_000,
      downMs: 500,
    },
    bounds: { leaderWithinMs: 4_000 },
  },
];
