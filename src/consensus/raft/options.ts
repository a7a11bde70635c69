/** What an operator sets, its bounds, and the settings of core and driver that follow from it. */

import type { Address } from '../../base/address.js';
import { FrenoError } from '../../base/errors.js';
import { defaultLimits, type RaftConfig } from './core/config.js';
import type { NodeId } from './core/types.js';
import type { DriverOptions } from './driver-types.js';

export interface RaftOptions {
  /** Directory of the log. It belongs to one process. */
  readonly dataDir: string;
  /** Where this node listens for its peers. */
  readonly bind: Address;
  /** `host:port` by which the peers know this node. */
  readonly advertise: NodeId;
  /** `host:port` of all nodes, this one among them. Empty: this node alone. */
  readonly nodes: readonly NodeId[];
  readonly clusterName: string;
  readonly heartbeatMs: number;
  /**
   * The shortest time without a leader after which a node stands for election; the longest is twice
   * this.
   */
  readonly electionMs: number;
  /** Log entries between two snapshots. */
  readonly snapshotEntries: number;
}

/**
 * An election begins after at least so many heartbeats that did not come: one lost on the way must
 * not cost an election.
 */
export const ELECTION_HEARTBEATS_MIN = 3;

/**
 * Ticks between two heartbeats. A stalled event loop counts as one tick however long it lasts, so
 * that it takes `electionMs / tickMs` turns of the loop without a word of the leader to doubt it.
 */
const HEARTBEAT_TICKS = 2;

/**
 * The share of a promise that a lease uses: the clock of a peer may run so much faster than ours.
 * Quartz is a thousand times better.
 */
export const LEASE_SHARE = 0.95;

/** How long a request may wait for its answer. */
const REQUEST_TIMEOUT_MS = 3000;

/** How long a follower may take to acknowledge chunks of a snapshot before they are sent again. */
const SNAPSHOT_RETRY_MS = 1000;

/**
 * Entries before a snapshot that stay in memory: a follower that is no further behind needs no
 * snapshot.
 */
const KEEP_ENTRIES_MAX = 4096;

export type RaftTimes = Pick<RaftOptions, 'heartbeatMs' | 'electionMs'>;

/** Milliseconds between two ticks. */
export function tickMsOf(options: RaftTimes): number {
  return options.heartbeatMs / HEARTBEAT_TICKS;
}

export function isAlone(options: RaftOptions): boolean {
  return options.nodes.length <= 1;
}

/**
 * How long this node grants no vote after it acknowledged a leader, by its own clock: between two
 * ticks lies at least `tickMsOf`, but the first may follow at once.
 */
export function lockoutMsOf(options: RaftTimes): number {
  return Math.floor((electionTicksOf(options) - 1) * tickMsOf(options));
}

/**
 * For how many ticks a node is bound at its start when `storedLockoutMs` is the longest promise of
 * earlier runs that may still hold.
 */
export function startTicksOf(options: RaftTimes, storedLockoutMs: number): number {
  return Math.max(electionTicksOf(options), Math.ceil(storedLockoutMs / tickMsOf(options)) + 1);
}

/** Throws `CONFIG`. */
export function coreConfig(options: RaftOptions): Omit<RaftConfig, 'startTicks'> {
  const { advertise, nodes, electionMs, heartbeatMs } = options;
  if (nodes.length > 0 && !nodes.includes(advertise)) {
    throw new FrenoError(
      'CONFIG',
      `RaftNodes must list this node, ${advertise} (RaftAdvertise, or else RaftBind): it lists ${nodes.join(', ')}`,
    );
  }
  if (electionMs < ELECTION_HEARTBEATS_MIN * heartbeatMs) {
    throw new FrenoError(
      'CONFIG',
      `RaftElectionMillis must be at least ${ELECTION_HEARTBEATS_MIN} times RaftHeartbeatMillis`,
    );
  }
  return {
    ...defaultLimits,
    id: advertise,
    nodes: nodes.length > 0 ? nodes : [advertise],
    heartbeatTicks: HEARTBEAT_TICKS,
    electionTicks: electionTicksOf(options),
    lockoutMs: lockoutMsOf(options),
  };
}

export function driverOptions(options: RaftOptions): DriverOptions {
  const tickMs = tickMsOf(options);
  return {
    id: options.advertise,
    nodes: Math.max(1, options.nodes.length),
    leaseShare: LEASE_SHARE,
    requestTimeoutTicks: Math.ceil(REQUEST_TIMEOUT_MS / tickMs),
    snapshotEntries: options.snapshotEntries,
    keepEntries: Math.min(KEEP_ENTRIES_MAX, options.snapshotEntries),
    snapshotRetryTicks: Math.ceil(SNAPSHOT_RETRY_MS / tickMs),
  };
}

export function electionTicksOf(options: RaftTimes): number {
  return Math.ceil(options.electionMs / tickMsOf(options));
}
