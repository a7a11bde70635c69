/**
 * What the rest of freno sees of consensus, whoever decides (one node alone, Raft, a MySQL
 * backend), and what it offers in return.
 */
import type { DurationCounts } from '../base/durations.js';
import type { Command, CommandOutcome } from '../throttle/commands.js';
import type { StateImage } from '../throttle/state.js';

export type ConsensusState = 'Leader' | 'Follower' | 'Candidate' | 'Healthy' | 'Unhealthy';

/** Body of `/consensus/status`, in its order of keys. */
export interface ConsensusStatus {
  readonly ServiceID: string;
  readonly Healthy: boolean;
  readonly IsLeader: boolean;
  /** Address of the leader, empty when unknown. */
  readonly Leader: string;
  readonly State: ConsensusState;
  readonly Domain: string;
  readonly ShareDomain: string;
  readonly ShareDomainServices: Readonly<Record<string, string>> | null;
  readonly ShareDomainServicesList: readonly string[] | null;
  readonly HealthyDomainServicesList: readonly string[] | null;
}

/** A Raft node in numbers, counted since the start of the process. */
export interface RaftMetrics {
  readonly role: 'leader' | 'candidate' | 'follower';
  readonly term: number;
  /** The last entry known to be committed, and the last one applied here. */
  readonly commitIndex: number;
  readonly appliedIndex: number;
  /** Terms in which this node stood for election. */
  readonly elections: number;
  /** How often another leader, or none any more, was known. */
  readonly leaderChanges: number;
  readonly pendingRequests: number;
  /** From handing a batch of votes and entries to the disk until it is durable. */
  readonly diskWrites: DurationCounts;
}

export interface Consensus {
  /** Resolves when the node takes part. Rejects with `RESOURCE` when it cannot. */
  start(): Promise<void>;
  /** Hands leadership over, flushes, closes. */
  stop(): Promise<void>;
  /**
   * Resolves when the command is committed and every thread of this node sees it.
   * Rejects with `NO_LEADER`, `OVERLOADED` or `OUTCOME_UNKNOWN`.
   */
  submit(command: Command): Promise<void>;
  /**
   * On the leader: resolves when this node's state has all that was acknowledged anywhere before
   * the call, or rejects with `NO_LEADER`. On a follower: resolves at once, its lists come from its
   * own state.
   */
  readBarrier(): Promise<void>;
  status(): ConsensusStatus;
  /** Missing where it is not Raft that decides. */
  raftMetrics?(): RaftMetrics;
}

/** Where consensus reports. */
export interface ConsensusObserver {
  /**
   * Called in the instant in which this node becomes leader of `term` or stops leading (`leading`
   * false). Terms grow with each promotion of any node.
   */
  leadershipChanged(leading: boolean, term: number): void;
  /**
   * While leading: nobody else can lead before `monotonicMs()` reaches this. Infinity for a node
   * that is always leader. `clockOffsetMs`: what to add to `monotonicMs()` for the Unix time by
   * which expiries are judged; null: this node's own clock tells it.
   */
  leaseExtended(leaseUntilMs: number, clockOffsetMs: number | null): void;
}

/** The replicated state as consensus drives it. */
export interface StateMachine {
  /**
   * Applies committed commands in order, before it returns; resolves, with one outcome per command,
   * when every thread of this node has seen them. Calls may overlap.
   */
  apply(commands: readonly Command[]): Promise<readonly CommandOutcome[]>;
  /**
   * Resolves when every thread has taken over all that was applied, whoever tells it what rests on
   * that: `apply` may resolve while a thread has it only in the order of its messages, which the
   * board overtakes.
   */
  settled(): Promise<void>;
  image(): StateImage;
  /** Replaces the whole state, before it returns; resolves when every thread has seen it. */
  restore(image: StateImage): Promise<void>;
}
