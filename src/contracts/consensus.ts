/**
 * What the rest of freno sees of consensus, the same for one node alone, for Raft and for a MySQL
 * backend, and what it offers in return.
 */
import type { DurationCounts } from '../base/durations.js';
import type {
  Command,
  CommandEffect,
  CommandOutcome,
  OperatorCommand,
} from '../throttle/commands.js';
import type { StateImage } from '../throttle/state.js';

/** The message of a 504, and of errors with the code `OUTCOME_UNKNOWN`. */
export const OUTCOME_UNKNOWN_MESSAGE =
  'the outcome is unknown: the change may still take effect; it is safe to repeat';

/**
 * Heartbeats in the shortest election time-out, at least: one lost message must not cost an
 * election.
 */
export const ELECTION_HEARTBEATS_MIN = 3;

export type ConsensusState = 'Leader' | 'Follower' | 'Candidate' | 'Healthy' | 'Unhealthy';

/** Whether a node can be elected, or stay leader. */
export interface MajorityStatus {
  readonly Nodes: number;
  /** Nodes that make a majority. */
  readonly Needed: number;
  /** Nodes that this one reaches, with itself. */
  readonly Reached: number;
  /** By address of a node that is not reached: why. */
  readonly Unreachable: Readonly<Record<string, string>>;
}

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
  /** Null with a MySQL backend, and while the disk of a Raft node has failed. */
  readonly Majority: MajorityStatus | null;
}

/** One node in `/cluster`, in its order of keys. Null: not known here. */
export interface ClusterNode {
  /** As in `RaftNodes`; with a MySQL backend its service id. */
  readonly Node: string;
  /** `host:port` of its HTTP service. */
  readonly HTTP: string | null;
  readonly Role: ConsensusState | null;
  readonly Term: number | null;
  readonly CommitIndex: number | null;
  readonly AppliedIndex: number | null;
  readonly Version: string | null;
  /** Of its configuration, without secrets and without what nodes may differ in. */
  readonly ConfigHash: number | null;
  readonly SameConfig: boolean | null;
  /** How far its clock is ahead of this node's; the time of transit counts as behind. */
  readonly ClockDifferenceMillis: number | null;
  /** Milliseconds since this node last heard of it; 0 for this node itself. */
  readonly LastContactMillis: number | null;
  /** Why this node does not reach it; empty: it does. */
  readonly Error: string;
  /** Why this node refused a connection in its name in the last 10 minutes, and from where. */
  readonly Refused?: string;
}

/** Body of `/cluster`, in its order of keys. */
export interface ClusterStatus {
  /** This node. */
  readonly Self: string;
  /** The leader, empty when unknown, and `host:port` of its HTTP service. */
  readonly Leader: string;
  readonly LeaderHTTP: string;
  readonly Nodes: readonly ClusterNode[];
}

/** What a node says of itself beside what consensus knows. */
export interface NodeDescription {
  readonly version: string;
  /** A whole number below 2^48. */
  readonly configHash: number;
  /** Port of its HTTP service. */
  readonly listenPort: number;
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
  /** How often the known leader changed, to another node or to none. */
  readonly leaderChanges: number;
  readonly pendingRequests: number;
  /** From handing a batch of votes and entries to the disk until it is durable. */
  readonly diskWrites: DurationCounts;
  /** Connections closed because a frame between two nodes was changed on the way. */
  readonly checksumErrors: number;
  /** Connections to the port of peers that were refused, or closed for what they sent. */
  readonly refusedConnections: number;
  /** Connections, in both directions, without the proof that this node requires. */
  readonly refusedProofs: number;
  /** Peers accepted without the configured proof. */
  readonly unprovenPeers: number;
  /** Peers whose `RaftNodes` differs from this node's. */
  readonly differingLists: number;
  readonly nodes: number;
  /** Nodes that make a majority. */
  readonly nodesNeeded: number;
  /** Nodes that this one reaches, with itself; 0 while its disk has failed. */
  readonly nodesReached: number;
}

/**
 * Logs in once to hosts of each of these stores. Resolves with those where that worked, or where
 * there is no host to log in to. Does not reject.
 */
export type LoginTrial = (stores: readonly string[]) => Promise<readonly string[]>;

/** Most stores in one question about logins. */
export const ASKED_STORES_MAX = 20;

export interface Consensus {
  /** This node, as its peers name it. */
  readonly name: string;
  /** Whether this node leads now. */
  readonly isLeading: boolean;
  /** Resolves when the node participates. Rejects with `RESOURCE` when it cannot. */
  start(): Promise<void>;
  /** Transfers leadership, flushes, closes. */
  stop(): Promise<void>;
  /**
   * Resolves when the command is committed and every thread of this node sees it.
   * Rejects with `NO_LEADER`, `OVERLOADED`, `OUTCOME_UNKNOWN`, or `UNSUPPORTED`, which names the
   * member or the table that cannot take the command.
   */
  submit(command: OperatorCommand): Promise<CommandEffect>;
  /**
   * On the leader: resolves when this node's state has all that any node acknowledged before the
   * call, or rejects with `NO_LEADER` (Raft dissertation, section 6.4). On a follower: resolves at
   * once; its lists come from its own state.
   */
  readBarrier(): Promise<void>;
  status(): ConsensusStatus;
  /** How each node of the cluster is, as far as this one knows. */
  cluster(): ClusterStatus;
  /**
   * Lets another node lead, at once. Resolves with the address of the node that leads then. Rejects
   * with `CONFLICT` when this node does not lead, or no other node can, and with `OUTCOME_UNKNOWN`.
   * `to`: which node, as in an answer of `askLogins`; any unless given.
   */
  yieldLeadership(to?: string): Promise<string>;
  /**
   * Asks each other node which of these stores (at most `ASKED_STORES_MAX`) it can log in to.
   * Resolves, in a few seconds, with the answers by node, without those that do not answer. Absent
   * with a MySQL backend: its nodes do not talk to each other.
   */
  askLogins?(stores: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>>;
  /**
   * Reads the files of secrets and certificates again, for new connections. Rejects with `CONFIG`
   * when one is unusable, and goes on with the earlier ones. Absent with a MySQL backend.
   */
  readCredentialsAgain?(): Promise<void>;
  /** Absent with a MySQL backend. */
  raftMetrics?(): RaftMetrics;
}

/** Where consensus reports. */
export interface ConsensusObserver {
  /**
   * Called synchronously when this node becomes leader of `term` or stops leading (`leading`
   * false). Terms grow with each promotion of any node.
   */
  leadershipChanged(leading: boolean, term: number): void;
  /**
   * While leading: no other node can lead before `monotonicMs()` reaches this. Infinity for a node
   * that is always leader. `clockOffsetMs`: what to add to `monotonicMs()` for the Unix time that
   * decides on expiries; null: this node's own clock decides.
   */
  leaseExtended(leaseUntilMs: number, clockOffsetMs: number | null): void;
  /** While following, from time to time: the same offset, as the leader stated it. */
  clockHeard(clockOffsetMs: number): void;
}

/** The replicated state where consensus reads the whole of it, and applies nothing beside. */
export interface ReplaceableState {
  /** Replaces the whole state; resolves when every thread has seen it. One call at a time. */
  replace(image: StateImage): Promise<void>;
}

/** The replicated state as consensus drives it. */
export interface StateMachine {
  /**
   * Applies committed commands in order, before it returns; resolves, with one outcome per command,
   * when every thread of this node has seen them. Calls may overlap.
   */
  apply(commands: readonly Command[]): Promise<readonly CommandOutcome[]>;
  /**
   * Whether the table of the command would have no room for it at `atMs` (Unix time), after all
   * that was applied so far.
   */
  isFullFor(command: Command, atMs: number): boolean;
  /**
   * Resolves when every thread has processed all that was applied. `apply` may resolve earlier,
   * while a change is still in a thread's message queue: that is enough for what follows in the
   * same queue, but the board (shared memory) overtakes the queue.
   */
  settled(): Promise<void>;
  image(): StateImage;
  /** Replaces the whole state, before it returns; resolves when every thread has seen it. */
  restore(image: StateImage): Promise<void>;
}
