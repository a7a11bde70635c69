/**
 * What the driver of a Raft core needs from outside, so that production and the simulation run the
 * same driver.
 *
 * All calls are synchronous, and call back from a later event: without promises a simulator can
 * order every step. No callback runs inside the call that received it, unless it says so.
 */
import type { Command, CommandEffect, CommandOutcome } from '../../throttle/commands.js';
import type { StateImage } from '../../throttle/state.js';
import type { ForwardRefusalReason } from './codec/messages.js';
import type { Entry, HardState, NodeId, RaftCore, SnapshotMeta, SoftState } from './core/types.js';

/** Null: done. */
export type Done = (error: Error | null) => void;

/** Time and chance. Ticks come from outside too: see `RaftDriver.tick`. */
export interface DriverEnvironment {
  /** Monotonic, in milliseconds. */
  nowMs(): number;
  /**
   * The wall clock of this node, which may be wrong and may be set at any time. In whole
   * milliseconds.
   */
  unixMs(): number;
  /** Uniform in [0, 1). */
  random(): number;
  /**
   * Calls back once, after what has already arrived from the network was delivered. In the order of
   * the calls.
   */
  soon(callback: () => void): void;
}

/**
 * A snapshot as bytes: chunks that can be read and written one at a time, each at most
 * `SNAPSHOT_CHUNK_BYTES_MAX`.
 */
export interface EncodedSnapshot {
  readonly meta: SnapshotMeta;
  readonly chunks: readonly Uint8Array[];
}

/** What one call of `RaftStorage.write` makes durable, in this order. */
export interface StorageWrite {
  /** Null: unchanged. */
  readonly hardState: HardState | null;
  /**
   * Ends, for good, that the node is joining (`InitialState.joining`). Durable together with
   * `hardState`, in one transaction: a vote never rests on less. Absent: unchanged.
   */
  readonly joined?: true;
  /** From now on the data belong to the current `RaftNodes` (`InitialState.founding`). */
  readonly formed?: true;
  /**
   * The identity of the cluster; with `hardState` and `joined` in one transaction. It is durable
   * before the snapshot and the entries of the same write. Absent: unchanged.
   */
  readonly clusterId?: string;
  /** When not null: replaces the stored snapshot and the whole stored log. */
  readonly snapshot: EncodedSnapshot | null;
  /** Stored after deleting every stored entry from `entries[0].index` on. */
  readonly entries: readonly Entry[];
}

/**
 * The disk of one node. After the first error nothing is written, and every later call fails: the
 * contents are unknown until it is opened again.
 */
export interface RaftStorage {
  /**
   * Calls back once all of it survives a crash. A crash before may leave any prefix of it (hard
   * state with `joined` and `clusterId`, snapshot, entries). One write at a time.
   */
  write(write: StorageWrite, done: Done): void;
  /**
   * Stores a snapshot of this node's own state and drops the log up to it: its last entry must be
   * durable here, or be covered by a newer snapshot, which makes it without effect. Writes may
   * overtake it.
   */
  saveSnapshot(snapshot: EncodedSnapshot, done: Done): void;
  /** The newest durable snapshot, or null. */
  newestSnapshot(): { readonly meta: SnapshotMeta; readonly chunkCount: number } | null;
  /** One chunk of the snapshot at `index`; null when a newer one has replaced it. */
  readChunk(
    index: number,
    sequence: number,
    done: (error: Error | null, chunk: Uint8Array | null) => void,
  ): void;
}

/**
 * Sends to peers. Any message may be lost; those that arrive come in order, as
 * `RaftDriver.receive`.
 */
export interface PeerTransport {
  /**
   * False: it was certainly not sent (no connection). The transport owns the bytes from now on.
   */
  send(to: NodeId, body: Uint8Array): boolean;
}

/**
 * The replicated state as the driver uses it: `StateMachine` with callbacks instead of promises.
 */
export interface ReplicatedMachine {
  /**
   * Applies in order before it returns; `done` (once, also inside the call) when every reader
   * decides by it. Calls may overlap.
   */
  apply(commands: readonly Command[], done: (outcomes: readonly CommandOutcome[]) => void): void;
  /** See `StateMachine`. */
  isFullFor(command: Command, atMs: number): boolean;
  /** `done` (once) when every thread decides by all that was applied: see `StateMachine`. */
  settled(done: () => void): void;
  image(): StateImage;
  /** Replaces the whole state before it returns; `done` as above. */
  restore(image: StateImage, done: () => void): void;
}

/** What the members of the cluster understand. */
export interface MemberReleases {
  /** Whether every member reads the command as it is meant: no other may go into the log. */
  canAllRead(command: Command): boolean;
  /** Whether the peer understands that a command was refused because its table is full. */
  readsFull(peer: NodeId): boolean;
}

/** Where the driver reports. */
export interface DriverObserver {
  /**
   * Role, term, leader or the target of a transfer changed. Called before anything that follows
   * from it is sent.
   */
  softStateChanged(soft: SoftState): void;
  /**
   * While leading: no other node can lead before `nowMs()` reaches this, and all that was
   * acknowledged before is in force here. 0: that does not hold yet, or no longer. `clockOffsetMs`:
   * what to add to `nowMs()` for the Unix time of a majority of the nodes; null for a single node.
   */
  leaseExtended(leaseUntilMs: number, clockOffsetMs: number | null): void;
  /** While following, from time to time: the same offset, as the leader stated it. */
  clockHeard(clockOffsetMs: number): void;
  /**
   * The node stopped participating: its disk failed, or an invariant is broken. Called once, after
   * the driver has stopped itself.
   */
  failed(error: Error): void;
}

/** What the driver connects. The machine has been restored from the stored snapshot. */
export interface DriverParts {
  readonly core: RaftCore;
  readonly storage: RaftStorage;
  readonly transport: PeerTransport;
  readonly machine: ReplicatedMachine;
  readonly environment: DriverEnvironment;
  readonly members: MemberReleases;
  readonly observer: DriverObserver;
}

/**
 * Why a request had no effect. `notLeader`: there is no leader to which this node could forward it.
 * `unsupported`: not every member of the cluster reads the command.
 */
export type RequestRefusal = ForwardRefusalReason | 'tooLarge';

/** The result of a request. `unknown`: it may take effect at any later time, or never. */
export type RequestResult =
  | { readonly kind: 'done'; readonly effect: CommandEffect }
  | { readonly kind: 'refused'; readonly refusal: RequestRefusal }
  | { readonly kind: 'unknown' };

export interface DriverOptions {
  readonly id: NodeId;
  /** How many nodes there are, this one included. */
  readonly nodes: number;
  /**
   * The share of a voter's lockout on which a leader counts, below 1: the clock of the voter may
   * run faster than its own.
   */
  readonly leaseShare: number;
  /** After how many ticks a request has the result `unknown`, and a read is refused. */
  readonly requestTimeoutTicks: number;
  /** Applied entries between two snapshots. */
  readonly snapshotEntries: number;
  /** Entries before a snapshot that stay in memory: they spare slow followers a snapshot. */
  readonly keepEntries: number;
  /** Ticks without progress after which a chunk of a snapshot is sent again. */
  readonly snapshotRetryTicks: number;
}

/** One node: a core, its disk, its peers, its state machine. */
export interface DriverInterface {
  /** Call at a fixed interval and never more often, after what has arrived was delivered. */
  tick(): void;
  /**
   * A message of `from` has arrived. Throws `PROTOCOL` for a malformed one: close that connection.
   * The bytes are not kept.
   */
  receive(from: NodeId, body: Uint8Array): void;
  /** The connection to this peer broke: messages may have been lost. */
  unreachable(peer: NodeId): void;
  /**
   * Replicates a command, here or through the leader; calls back once it is applied on this node,
   * or cannot be.
   */
  submit(command: Command, answer: (result: RequestResult) => void): void;
  /**
   * On the leader: calls back when this node's state has all that was acknowledged anywhere before
   * the call.
   */
  read(answer: (result: RequestResult) => void): void;
  /** As `RaftCore.transferLeadership`. */
  transferLeadership(to?: NodeId): boolean;
  campaign(): void;
  /** Keeps the identity of the cluster with the data of this node. */
  storeClusterId(clusterId: string): void;
  /** A peer says that it holds entries: see `RaftCore.clusterHoldsData`. */
  clusterHoldsData(): void;
  /** Throws `RaftInvariantError`: for tests and simulation. */
  assertInvariants(): void;
  /** Nothing is sent, written or applied any more; pending requests have the result `unknown`. */
  stop(): void;
  readonly soft: SoftState;
  /** See `RaftCore.holdsData`. */
  readonly holdsData: boolean;
  /** The last entry known to be committed. */
  readonly commitIndex: number;
  /** The last applied entry. */
  readonly appliedIndex: number;
  /** Requests without a result yet. */
  readonly pendingRequests: number;
}
