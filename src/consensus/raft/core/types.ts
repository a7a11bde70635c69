/**
 * The vocabulary of the Raft core, and its interface.
 *
 * The core is a reducer: calls put inputs in, `ready()` returns what there is to do. It knows no
 * clock, disk, socket or timer. "Dissertation" is Ongaro, "Consensus: Bridging Theory and Practice"
 * (2014).
 *
 * - **tick**: one call of `tick()`. The driver calls it at a fixed interval and never more often; a
 *   missed tick is not repeated.
 * - **index**, **term**: integers, exact to 2^53. Index 0 and term 0 come before the first.
 * - **round**: a numbered broadcast of heartbeats by a leader. Numbers only grow while a process
 *   lives.
 * - **batch**: what one `ready()` gives to the disk, numbered from 1 without gaps.
 * - **lockout**: a node that acknowledged a leader grants no vote for `electionTicks`, and reports
 *   for how long. The lease rests on it.
 * - **in force**: every thread of the node that answers checks decides by an entry.
 */

/** The address by which the peers know a node. */
export type NodeId = string;

export interface Entry {
  readonly index: number;
  readonly term: number;
  /** A command; empty in the entry with which each leader begins its term. */
  readonly data: Uint8Array;
}

/** What must survive a crash besides the log. */
export interface HardState {
  readonly term: number;
  /** The node for which this node voted in `term`. */
  readonly vote: NodeId | null;
}

/** The last entry that a snapshot covers. */
export interface SnapshotMeta {
  readonly index: number;
  readonly term: number;
}

/** What storage held at start. */
export interface InitialState {
  readonly hardState: HardState;
  /**
   * This node began with an empty disk, and may have lost what it had acknowledged: it does not yet
   * have all that was committed when it came back.
   */
  readonly joining: boolean;
  /**
   * The data were those of a node alone, and the list of this start has others: all that was ever
   * acknowledged is in its log. Nodes with empty disks may elect it, and no other.
   */
  readonly founding?: boolean;
  /**
   * `{index: 0, term: 0}` when there is none. The state machine has been restored from it already.
   */
  readonly snapshot: SnapshotMeta;
  /** From `snapshot.index + 1` on, without gaps. */
  readonly entries: readonly Entry[];
}

interface Envelope {
  readonly from: NodeId;
  readonly to: NodeId;
  /**
   * The sender's term. In a preVote, and in a response that grants it, the term that the candidate
   * would enter.
   */
  readonly term: number;
}

/** Asks for a vote that changes no state at the receiver (dissertation 9.6). */
export interface PreVote extends Envelope {
  readonly kind: 'preVote';
  readonly lastIndex: number;
  readonly lastTerm: number;
  /** See `InitialState.founding`. */
  readonly founding?: true;
}

export interface PreVoteResponse extends Envelope {
  readonly kind: 'preVoteResponse';
  readonly granted: boolean;
}

export interface Vote extends Envelope {
  readonly kind: 'vote';
  readonly lastIndex: number;
  readonly lastTerm: number;
  /**
   * The round of the `timeoutNow` that the leader of the previous term sent to this candidate, 0
   * without one. It releases voters from their lockout, unless they have acknowledged a later round
   * since.
   */
  readonly transferRound: number;
  /** See `InitialState.founding`. */
  readonly founding?: true;
}

export interface VoteResponse extends Envelope {
  readonly kind: 'voteResponse';
  readonly granted: boolean;
}

export interface Append extends Envelope {
  readonly kind: 'append';
  readonly prevIndex: number;
  readonly prevTerm: number;
  /** The commit index that the leader announces. */
  readonly commit: number;
  /** From `prevIndex + 1` on, without gaps; may be empty. */
  readonly entries: readonly Entry[];
}

/** The sender's log is durable and equal to the leader's up to `index`. */
export interface AppendResponse extends Envelope {
  readonly kind: 'appendResponse';
  readonly index: number;
  /** The sender is joining: its copy does not count for commits. */
  readonly joining: boolean;
}

/** The sender has no entry (`prevIndex`, `prevTerm`) of an append. */
export interface AppendReject extends Envelope {
  readonly kind: 'appendReject';
  /** The `prevIndex` that was rejected. */
  readonly prevIndex: number;
  /** The last index at which the logs may agree: the sender has term `hintTerm` at `hintIndex`. */
  readonly hintIndex: number;
  readonly hintTerm: number;
}

export interface Heartbeat extends Envelope {
  readonly kind: 'heartbeat';
  readonly round: number;
  /** Never beyond what the receiver is known to hold. */
  readonly commit: number;
}

export interface HeartbeatResponse extends Envelope {
  readonly kind: 'heartbeatResponse';
  readonly round: number;
  /** For how many milliseconds of its own clock the sender grants no vote; 0: not stated. */
  readonly lockoutMs: number;
}

/**
 * From the leader's `ready()`: stream the newest durable snapshot to `to` (it may be newer than
 * `meta`), then call `snapshotSent`. To the follower's `step()`: the whole snapshot `meta` has
 * arrived and was verified. The driver transfers the bytes.
 */
export interface Snapshot extends Envelope {
  readonly kind: 'snapshot';
  readonly meta: SnapshotMeta;
}

/** Stand for election now, without waiting for the election time-out. */
export interface TimeoutNow extends Envelope {
  readonly kind: 'timeoutNow';
  /** The last round that the leader sent; no lease of this leader rests on it. */
  readonly round: number;
}

/**
 * The messages between peers. Proposals and reads are not among them: the core takes both on the
 * leader only, and the service forwards requests to the leader. A follower acknowledges an
 * installed snapshot by an `appendResponse`.
 */
export type Message =
  | PreVote
  | PreVoteResponse
  | Vote
  | VoteResponse
  | Append
  | AppendResponse
  | AppendReject
  | Heartbeat
  | HeartbeatResponse
  | Snapshot
  | TimeoutNow;

export type Role = 'follower' | 'preCandidate' | 'candidate' | 'leader';

/** State that needs no disk. */
export interface SoftState {
  readonly role: Role;
  readonly term: number;
  /** Null while unknown. */
  readonly leader: NodeId | null;
  /**
   * On a leader: the latest round that a majority (including itself) has acknowledged and that may
   * carry a lease; otherwise 0. It falls to 0 before leadership is offered to another node.
   */
  readonly leaseRound: number;
  /**
   * No other node can lead before so many milliseconds, by the clocks of the voters, have passed
   * since `leaseRound` was **sent**. Infinity on a leader without peers.
   */
  readonly leaseLockoutMs: number;
  /** On a leader that hands over: the target. Proposals are refused meanwhile. */
  readonly transferTo: NodeId | null;
  /** Why this node hands over, or last stopped leading; null if it has not. */
  readonly loss: LeadershipLoss | null;
}

/**
 * A read that was asked with `context` may answer once entries up to `index` are applied: they are,
 * when the batch's `committed` are.
 */
export interface ReadGrant {
  readonly context: number;
  readonly index: number;
}

/**
 * What there is to do. Handle the fields in this order. None requires that the disk has completed:
 * the core holds back each message that must wait for it.
 */
export interface Ready {
  /**
   * The round whose heartbeats are among `messages` (for a single node: would be), or 0. Note the
   * time **before** sending them.
   */
  readonly round: number;
  /**
   * The present state, changed since the last `ready()` or not. Withdraw a lost lease before
   * anything is sent.
   */
  readonly soft: SoftState;
  /** To be made durable, or null. Report it with `persisted(write.batch)`. */
  readonly write: Write | null;
  /** May all be sent at once; any may be lost. */
  readonly messages: readonly Message[];
  /**
   * When not null: replace the state machine by this snapshot (it came with the `snapshot` message)
   * before applying `committed`. `write.snapshot` makes the same one durable.
   */
  readonly restore: SnapshotMeta | null;
  /** To be applied in order, before the next `ready()`. Each is durable on a majority. */
  readonly committed: readonly Entry[];
  /** Reads that may answer now. */
  readonly reads: readonly ReadGrant[];
  /** Contexts of reads that are never granted, because this node lost leadership. */
  readonly readsLost: readonly number[];
}

/**
 * One batch for the disk: all of it or nothing, after all earlier batches. Several may be in
 * progress, and may share one transaction.
 */
export interface Write {
  readonly batch: number;
  /** Null: unchanged. */
  readonly hardState: HardState | null;
  /** This node has joined, for good; durable together with `hardState`. */
  readonly joined: boolean;
  /** The cluster of the present list has a leader: this node is no longer founding it. */
  readonly formed: boolean;
  /** When not null: replaces the stored snapshot **and the whole stored log**, before `entries`. */
  readonly snapshot: SnapshotMeta | null;
  /** To be stored after deleting every stored entry from `entries[0].index` on. */
  readonly entries: readonly Entry[];
}

/** Why a node stops leading. */
export type LeadershipLoss =
  /** It was asked to hand over. */
  | 'handover'
  /** Its disk has not finished a write in time, and a follower's has. */
  | 'diskStalled'
  /** Nothing was committed in time, although something waited. */
  | 'commitStalled'
  /** No majority responded within an election time-out. */
  | 'quorumLost'
  /** Another node has entered a later term. */
  | 'laterTerm';

export type Refusal =
  /** This node does not lead. */
  | 'notLeader'
  /** This node is handing leadership over. */
  | 'transferring'
  /** Too much waits to be committed already. */
  | 'overloaded';

/**
 * The proposals have the indexes from `firstIndex` on. If an entry of another term is committed
 * there, they are lost.
 */
export type Proposed =
  | { readonly accepted: true; readonly firstIndex: number; readonly term: number }
  | { readonly accepted: false; readonly refusal: Refusal };

export interface RaftCore {
  /** Time passes. */
  tick(): void;
  /** A message has arrived. Messages from unknown nodes or to another node are ignored. */
  step(message: Message): void;
  /**
   * Appends commands, all or none. The next `ready()` replicates them: propose many, then call it
   * once. `waiting`: followers that get the commit index at once; others get it with the next
   * append or tick.
   */
  propose(commands: readonly Uint8Array[], waiting?: readonly NodeId[]): Proposed;
  /**
   * Asks for a linearizable read; `context` comes back in `reads` or in `readsLost`. Returns null
   * if accepted. Reads between two `ready()` share one round.
   */
  readIndex(context: number): Refusal | null;
  /**
   * Hands leadership to `to`, or to the live follower with the longest log. Aborted after
   * `electionTicks`. False if this node does not lead, a transfer is in progress, or no follower
   * can take over.
   */
  transferLeadership(to?: NodeId): boolean;
  /**
   * Starts an election now (pre-vote first), unless this node leads, is locked out, or is alone and
   * waits for its disk.
   */
  campaign(): void;
  /**
   * The write of this batch is durable. Reports may come in any order; each takes effect when all
   * earlier batches are reported too.
   */
  persisted(batch: number): void;
  /**
   * A snapshot of the state machine at `snapshot` is durable. All entries up to it are dropped from
   * memory, but for the last `keepEntries`, which spare slow followers a snapshot; storage may
   * delete all up to it.
   */
  compact(snapshot: SnapshotMeta, keepEntries: number): void;
  /** The streaming of a snapshot to this follower has ended, or failed. */
  snapshotSent(to: NodeId, delivered: boolean): void;
  /** Messages to this peer may have been lost (its connection broke). */
  unreachable(peer: NodeId): void;
  /**
   * A peer holds entries: the cluster is not new. From now on a node that began with an empty disk
   * neither votes nor stands for election until it has joined (see `InitialState.joining`).
   */
  clusterHoldsData(): void;
  /** Throws `RaftInvariantError`. Walks all that is in memory: for tests and simulation. */
  assertInvariants(): void;
  /**
   * Every reader of the state machine decides by the entries up to `index`, all of which were
   * returned as `committed`. A leader announces no later commit to its followers.
   */
  inForce(index: number): void;
  /**
   * Up to here the log is durable on this node and in force: no snapshot of a later state may be
   * kept.
   */
  readonly settledIndex: number;
  /** Whether `ready()` would bring anything new. */
  hasReady(): boolean;
  ready(): Ready;
  readonly soft: SoftState;
  /** It has entries, or has heard a leader, which has: for its peers the cluster is not new. */
  readonly holdsData: boolean;
  /** The last entry known to be committed. */
  readonly commitIndex: number;
}
