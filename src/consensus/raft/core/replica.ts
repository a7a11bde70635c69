/**
 * What a node has in every role: term and vote, log, lockout, and what it owes to the disk and to
 * its peers.
 */
import type { RaftConfig } from './config.js';
import { DurableOutbox } from './durable-outbox.js';
import { invariant } from './errors.js';
import { Log } from './log.js';
import type { Rules } from './rules.js';
import type { HardState, InitialState, Message, NodeId, SnapshotMeta, Write } from './types.js';
import { VoteLockout } from './vote-lockout.js';
import { WriteTracker } from './write-tracker.js';

type Unaddressed<M> = M extends Message ? Omit<M, 'from'> : never;
/** A message before it gets its sender. */
export type Outgoing = Unaddressed<Message>;

export class Replica {
  readonly config: RaftConfig;
  readonly rules: Rules;
  readonly log: Log;
  readonly lockout: VoteLockout;
  readonly peers: readonly NodeId[];
  readonly #writes: WriteTracker;
  readonly #outbox: DurableOutbox;
  #hardState: HardState;
  /**
   * The batch that makes term and vote durable; the next batch while they are not handed to the
   * disk.
   */
  #hardStateBatch = 0;
  #hardStateUnwritten = false;
  /** The newest snapshot that can be sent to a slow follower. */
  #snapshot: SnapshotMeta;
  #restore: SnapshotMeta | null = null;
  #lastRound = 0;
  /** Some node of the cluster has entries: see `mayVote`. */
  #clusterHoldsData = false;
  #joining: boolean;
  #joinedUnwritten = false;
  #founding: boolean;
  #formedUnwritten = false;

  constructor(config: RaftConfig, initial: InitialState, rules: Rules) {
    this.config = config;
    this.rules = rules;
    this.log = new Log(initial, rules);
    this.peers = config.nodes.filter((node) => node !== config.id);
    this.lockout = new VoteLockout(config, rules);
    this.#writes = new WriteTracker(rules);
    this.#outbox = new DurableOutbox(rules);
    this.#hardState = initial.hardState;
    this.#joining = initial.joining;
    this.#founding = initial.founding ?? false;
    this.#snapshot = initial.snapshot;
    invariant(
      initial.hardState.term >= this.log.lastTerm,
      'the stored term is at least that of the log',
      initial.hardState.term,
      this.log.lastTerm,
    );
  }

  get term(): number {
    return this.#hardState.term;
  }

  get vote(): NodeId | null {
    return this.#hardState.vote;
  }

  /** See `InitialState.joining`. */
  get joining(): boolean {
    return this.#joining;
  }

  /** See `InitialState.founding`. */
  get founding(): boolean {
    return this.#founding;
  }

  /** The cluster has a leader, so the nodes that elected it have joined. */
  form(): void {
    this.#formedUnwritten = this.#founding;
    this.#founding = false;
  }

  /** Another node was seen to hold entries. */
  noteClusterData(): void {
    this.#clusterHoldsData = true;
  }

  /**
   * A node whose disk was lost may have acknowledged entries and cast votes that it no longer
   * knows: it must not return with its prior identity (dissertation 3.8). It does not vote until it
   * has all that was committed when it came back. A cluster without any entries has nothing to
   * lose.
   */
  get mayVote(): boolean {
    return !this.joining || this.rules.mayVoteWhileJoining(this.#clusterHoldsData);
  }

  /**
   * An entry of the present leader's term is committed and durable here: with it this node has all
   * that was committed in earlier terms (leader completeness, dissertation 3.6.3), and what was
   * committed later was committed without it.
   */
  joinIfComplete(): void {
    const { committed, durable } = this.log;
    const isComplete = durable >= committed && this.log.termAt(committed) === this.term;
    if (isComplete) this.#join();
  }

  get snapshot(): SnapshotMeta {
    return this.#snapshot;
  }

  /** The last round of heartbeats that this process has begun. */
  get lastRound(): number {
    return this.#lastRound;
  }

  nextRound(): number {
    return ++this.#lastRound;
  }

  enterTerm(term: number, vote: NodeId | null): void {
    invariant(term > this.term, 'terms only grow', term, this.term);
    this.#outbox.dropWaiting();
    this.#setHardState({ term, vote });
    if (vote !== null) this.#join();
    invariant(this.term === term && this.vote === vote, 'a new term has a new vote', term);
  }

  voteFor(candidate: NodeId): void {
    invariant(this.rules.mayVoteFor(candidate, this.vote), 'one vote per term', this.term);
    invariant(this.peers.includes(candidate), 'a vote is for a peer', this.term);
    if (this.vote === candidate) return;
    this.#setHardState({ term: this.term, vote: candidate });
    this.#join();
  }

  #join(): void {
    if (!this.#joining) return;
    this.#joining = false;
    this.#joinedUnwritten = true;
  }

  #setHardState(hardState: HardState): void {
    this.#hardState = hardState;
    this.#hardStateUnwritten = true;
    this.#hardStateBatch = this.#writes.nextBatch;
  }

  get isHardStateDurable(): boolean {
    return this.rules.maySend(this.#hardStateBatch, this.#writes.durableBatch);
  }

  /** For how many ticks the disk has completed nothing of what it was given. */
  get diskWaitingTicks(): number {
    return this.#writes.waitingTicks;
  }

  tick(): void {
    this.#writes.tick();
    this.lockout.tick();
  }

  /** Sends once the hard state is durable: the term, which every message states, and the vote. */
  sendAfterHardState(message: Outgoing): void {
    this.#post(message, this.#hardStateBatch);
  }

  /** Sends once the hard state and all entries that are in memory now are durable. */
  sendAfterLog(message: Outgoing): void {
    const { nextBatch } = this.#writes;
    this.#post(message, this.hasUnwritten ? nextBatch : nextBatch - 1);
  }

  #post(message: Outgoing, batch: number): void {
    const addressed = { ...message, from: this.config.id } as Message;
    this.#outbox.post(addressed, batch, this.#writes.durableBatch);
  }

  /** The disk must learn of a truncation before it gets the entries that follow. */
  cutFrom(index: number): void {
    this.#writes.cutFrom(index);
  }

  /** The state comes from `snapshot` now, and the log begins after it. */
  restartAfter(snapshot: SnapshotMeta): void {
    this.log.restartAfter(snapshot);
    this.#writes.cutFrom(snapshot.index + 1);
    this.#snapshot = snapshot;
    this.#restore = snapshot;
  }

  compact(snapshot: SnapshotMeta, keepEntries: number): void {
    const { log } = this;
    if (snapshot.index <= this.#snapshot.index) return;
    invariant(snapshot.index <= log.applied, 'a snapshot is of what is applied', snapshot.index);
    invariant(
      log.termAt(snapshot.index) === snapshot.term,
      'a snapshot has the term of its last entry',
      snapshot.index,
      snapshot.term,
    );
    this.#snapshot = snapshot;
    log.compactTo(this.rules.compactsUpTo(snapshot.index, keepEntries));
    invariant(log.baseIndex <= snapshot.index, 'a snapshot covers what is gone', log.baseIndex);
  }

  /** Throws `RaftInvariantError`. */
  assertInvariants(): void {
    const { log, term, vote } = this;
    log.assertInvariants();
    this.#writes.assertInvariants();
    const { durableBatch, nextBatch } = this.#writes;
    this.#outbox.assertInvariants(durableBatch, this.hasUnwritten ? nextBatch : nextBatch - 1);
    this.lockout.assertInvariants();
    invariant(log.lastTerm <= term, 'no entry is of a later term', log.lastTerm, term);
    invariant(vote === null || term > 0, 'there is no vote in term 0', term);
    invariant(this.#snapshot.index <= log.applied, 'a snapshot is of what is applied');
    invariant(log.baseIndex <= this.#snapshot.index, 'a snapshot covers what is gone', term);
    invariant(this.#hardStateBatch <= this.#writes.nextBatch, 'the hard state has a batch');
    const isUnwritten = this.#hardStateBatch === this.#writes.nextBatch;
    invariant(isUnwritten === this.#hardStateUnwritten, 'the hard state goes with the next batch');
  }

  persisted(batch: number): void {
    const durable = this.#writes.finish(batch);
    if (durable > 0) this.log.durableTo(durable);
    this.#outbox.release(this.#writes.durableBatch);
  }

  get hasUnwritten(): boolean {
    return (
      this.#hardStateUnwritten ||
      this.#joinedUnwritten ||
      this.#formedUnwritten ||
      this.#restore !== null ||
      this.log.hasUnwritten
    );
  }

  get hasMessages(): boolean {
    return this.#outbox.hasFree;
  }

  takeMessages(): readonly Message[] {
    return this.#outbox.takeFree();
  }

  takeWrite(): Write | null {
    if (!this.hasUnwritten) return null;
    const write = {
      batch: this.#writes.start(this.log.lastIndex),
      hardState: this.#hardStateUnwritten ? this.#hardState : null,
      joined: this.#joinedUnwritten,
      formed: this.#formedUnwritten,
      snapshot: this.#restore,
      entries: this.log.takeUnwritten(),
    };
    this.#hardStateUnwritten = false;
    this.#joinedUnwritten = false;
    this.#formedUnwritten = false;
    this.#restore = null;
    return write;
  }
}
