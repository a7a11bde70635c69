/** The settings of a core, their meaning and bounds. */
import { RaftConfigError } from './errors.js';
import type { NodeId } from './types.js';

export interface RaftConfig {
  /** This node; one of `nodes`. */
  readonly id: NodeId;
  /** All voters, this node included. The same list on every node. */
  readonly nodes: readonly NodeId[];
  /**
   * A follower that hears no leader for this many ticks, and up to as many more by chance, stands
   * for election. A leader that hears no majority within it steps down. A node that heard a leader
   * grants no vote before it has passed.
   */
  readonly electionTicks: number;
  /**
   * How many milliseconds `electionTicks` last at least, from any moment on: one tick may come at
   * once. A follower reports it to the leader with each response to a heartbeat.
   */
  readonly lockoutMs: number;
  /**
   * A node with peers grants no vote for this many ticks after its start: it may have acknowledged
   * a leader before. More than `electionTicks` if its lockout was longer then.
   */
  readonly startTicks: number;
  /**
   * A leader sends heartbeats each time this many ticks have passed. At most a third of
   * `electionTicks`: a lost one must not cost an election.
   */
  readonly heartbeatTicks: number;
  /**
   * Each election that fails doubles the time-outs of the next, up to this many times: a vote that
   * takes a slow disk longer than a time-out must not be overtaken by the next candidacy for ever.
   */
  readonly maxElectionBackoff: number;
  /**
   * A leader whose disk has finished nothing for this many ticks hands over to a follower whose
   * disk has more.
   */
  readonly diskTimeoutTicks: number;
  /** A leader whose oldest entry is not committed within this many ticks steps down. */
  readonly commitTimeoutTicks: number;
  /** Bytes of entries in one append; a single larger entry still goes. */
  readonly maxAppendBytes: number;
  /** Appends with entries in flight to one follower. */
  readonly maxInflightAppends: number;
  /** Bytes of entries in flight to one follower. */
  readonly maxInflightBytes: number;
  /**
   * Bytes of entries of a leader that are not committed, or not on its own disk. Beyond it
   * proposals are refused; with nothing pending a proposal of any size is accepted.
   */
  readonly maxUncommittedBytes: number;
  /** Entries handed out by one `ready()` to be applied. Bounds how long the caller is busy. */
  readonly maxApplyEntries: number;
  /** Reads waiting for a round. Beyond it they are refused. */
  readonly maxPendingReads: number;
}

/** All settings but the identity of the nodes and their lockouts. */
export const defaultLimits: Omit<RaftConfig, 'id' | 'nodes' | 'lockoutMs' | 'startTicks'> = {
  electionTicks: 10,
  heartbeatTicks: 2,
  maxElectionBackoff: 8,
  diskTimeoutTicks: 34,
  commitTimeoutTicks: 100,
  maxAppendBytes: 256 * 1024,
  maxInflightAppends: 64,
  maxInflightBytes: 4 * 1024 * 1024,
  maxUncommittedBytes: 16 * 1024 * 1024,
  maxApplyEntries: 256,
  maxPendingReads: 4096,
};

/** Throws `RaftConfigError` naming the field. */
export function validate(config: RaftConfig): void {
  const { id, nodes, electionTicks, heartbeatTicks, ...limits } = config;
  check(nodes.includes(id), 'nodes', `must list this node (${id})`);
  check(new Set(nodes).size === nodes.length, 'nodes', 'must not list a node twice');
  checkPositive('heartbeatTicks', heartbeatTicks);
  checkPositive('electionTicks', electionTicks);
  check(electionTicks >= 3 * heartbeatTicks, 'electionTicks', 'must be at least 3 heartbeats');
  check(config.startTicks >= electionTicks, 'startTicks', 'must be at least electionTicks');
  for (const [field, value] of Object.entries(limits)) checkPositive(field, value);
  check(
    config.maxInflightBytes >= config.maxAppendBytes,
    'maxInflightBytes',
    'must be at least maxAppendBytes',
  );
}

function checkPositive(field: string, value: number): void {
  check(
    Number.isSafeInteger(value) && value >= 1,
    field,
    `must be a positive integer, not ${value}`,
  );
}

function check(holds: boolean, field: string, demand: string): void {
  if (!holds) throw new RaftConfigError(`${field} ${demand}`);
}
