/** The options of core and driver, derived from what an operator configures. */

import { FrenoError } from '../../base/errors.js';
import type { RaftSettings } from '../../config/settings.js';
import { ELECTION_HEARTBEATS_MIN } from '../../contracts/consensus.js';
import { defaultLimits, type RaftConfig } from './core/config.js';
import type { DriverOptions } from './driver-types.js';

/**
 * Ticks between two heartbeats. A stalled event loop counts as one tick, however long it lasts: an
 * election takes `electionMs / tickMs` iterations of the loop without a message of the leader.
 */
const HEARTBEAT_TICKS = 2;

/**
 * A lone node hears from no other, and no other might lead in its place: it wakes up a quarter as
 * often, and its lease is twice as long, so that a stall costs it the lease no sooner.
 */
const LONE_FACTOR = 2;

/**
 * The share of a voter's lockout that a lease counts on: the clock of a peer may run faster than
 * ours by the rest (Raft dissertation, section 6.4.1). Quartz clocks are a thousand times better.
 */
export const LEASE_SHARE = 0.95;

/** A disk that has finished nothing for so long is worse than that of a follower that has. */
const DISK_TIMEOUT_MS = 1000;

/**
 * Election time-outs within which a leader must commit something when something waits. Two slow
 * writes of a majority, the new term and then its first entry, must fit.
 */
const COMMIT_TIMEOUT_ELECTIONS = 10;

/** How long a request waits for its result. */
const REQUEST_TIMEOUT_MS = 3000;

/** How long a follower may take to acknowledge chunks of a snapshot before they are sent again. */
const SNAPSHOT_RETRY_MS = 1000;

/**
 * Entries before a snapshot that stay in memory: a follower that is not further behind needs no
 * snapshot.
 */
const KEEP_ENTRIES_MAX = 4096;

export type RaftTimes = Pick<RaftSettings, 'heartbeatMs' | 'electionMs' | 'nodes'>;

/** Milliseconds between two ticks. */
export function tickMsOf(times: RaftTimes): number {
  return isAlone(times) ? LONE_FACTOR * times.heartbeatMs : times.heartbeatMs / HEARTBEAT_TICKS;
}

export function isAlone({ nodes }: Pick<RaftSettings, 'nodes'>): boolean {
  return nodes.length <= 1;
}

/** Ticks between two heartbeats, or rounds of a lone leader. */
export function heartbeatTicksOf(times: RaftTimes): number {
  return isAlone(times) ? 1 : HEARTBEAT_TICKS;
}

/**
 * How long this node grants no vote after it acknowledged a leader, by its own clock: two ticks are
 * at least `tickMsOf` apart, but the first may follow at once, so one is not counted.
 */
export function lockoutMsOf(times: RaftTimes): number {
  return Math.floor((electionTicksOf(times) - 1) * tickMsOf(times));
}

/**
 * Ticks after its start in which a node grants no vote; `storedLockoutMs` is the longest lockout of
 * earlier runs that may still hold.
 */
export function startTicksOf(times: RaftTimes, storedLockoutMs: number): number {
  return Math.max(electionTicksOf(times), Math.ceil(storedLockoutMs / tickMsOf(times)) + 1);
}

/** Throws `CONFIG`. */
export function coreConfig(settings: RaftSettings): Omit<RaftConfig, 'startTicks'> {
  const { advertise, nodes, electionMs, heartbeatMs } = settings;
  if (nodes.length > 0 && !nodes.includes(advertise)) {
    throw new FrenoError(
      'CONFIG',
      `RaftNodes must list this node, ${advertise} (RaftAdvertise, or else RaftBind): ` +
        `it lists ${nodes.join(', ')}`,
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
    heartbeatTicks: heartbeatTicksOf(settings),
    electionTicks: electionTicksOf(settings),
    diskTimeoutTicks: Math.ceil(DISK_TIMEOUT_MS / tickMsOf(settings)),
    commitTimeoutTicks: COMMIT_TIMEOUT_ELECTIONS * electionTicksOf(settings),
    lockoutMs: lockoutMsOf(settings),
  };
}

export function driverOptions(settings: RaftSettings): DriverOptions {
  const tickMs = tickMsOf(settings);
  return {
    id: settings.advertise,
    nodes: Math.max(1, settings.nodes.length),
    leaseShare: LEASE_SHARE,
    requestTimeoutTicks: Math.ceil(REQUEST_TIMEOUT_MS / tickMs),
    snapshotEntries: settings.snapshotEntries,
    keepEntries: Math.min(KEEP_ENTRIES_MAX, settings.snapshotEntries),
    snapshotRetryTicks: Math.ceil(SNAPSHOT_RETRY_MS / tickMs),
  };
}

export function electionTicksOf(times: RaftTimes): number {
  const electionMs = isAlone(times) ? LONE_FACTOR * times.electionMs : times.electionMs;
  return Math.ceil(electionMs / tickMsOf(times));
}
