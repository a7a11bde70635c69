/**
 * What a leader does: it replicates its log, commits, maintains its quorum and its lease, and
 * confirms reads.
 */
import { invariant } from './errors.js';
import { LeaseRounds } from './lease-rounds.js';
import { entryBytes } from './log.js';
import { Progress } from './progress.js';
import { majorityOf, reachedByMajority } from './quorum.js';
import type { Reads } from './reads.js';
import type { Replica } from './replica.js';
import { Replicator } from './replicator.js';
import { StallWatch } from './stall-watch.js';
import { Transfer } from './transfer.js';
import type {
  AppendReject,
  AppendResponse,
  Entry,
  HeartbeatResponse,
  LeadershipLoss,
  NodeId,
  Proposed,
} from './types.js';
import { UncommittedBytes } from './uncommitted.js';

const noData = new Uint8Array(0);

/**
 * The leadership of one node in one term. It ends when the node enters another term or steps down.
 */
export class Leader {
  readonly #replica: Replica;
  readonly #reads: Reads;
  readonly #followers: readonly Progress[];
  /**
   * The index of the empty entry that began this term. Once it is committed, the leader knows all
   * that was committed earlier.
   */
  readonly #firstIndex: number;
  #ticksToHeartbeat: number;
  #ticksToQuorumCheck: number;
  readonly #uncommitted: UncommittedBytes;
  readonly #stall: StallWatch;
  readonly #rounds: LeaseRounds;
  readonly #replicator: Replicator;
  #transfer: Transfer | null = null;
  /** The round that began since the last call of `takeBegunRound`. */
  #begunRound = 0;
  /** There may be more to send. */
  #hasWork = true;

  constructor(replica: Replica, reads: Reads) {
    const { log, config } = replica;
    this.#replica = replica;
    this.#reads = reads;
    this.#firstIndex = log.lastIndex + 1;
    this.#followers = replica.peers.map(
      (peer) => new Progress(peer, this.#firstIndex, config, replica.rules),
    );
    this.#replicator = new Replicator(replica, this.#followers);
    this.#ticksToHeartbeat = config.heartbeatTicks;
    this.#ticksToQuorumCheck = config.electionTicks;
    this.#rounds = new LeaseRounds(replica, this.#followers);
    this.#stall = new StallWatch(replica);
    this.#uncommitted = new UncommittedBytes(log);
    if (replica.rules.beginsWithEntry()) this.#append([noData]);
    this.#beginRound();
  }

  /** Returns why this node must step down, or null. */
  tick(): LeadershipLoss | null {
    if (this.#transfer?.tick() === 'overdue') this.#abandonTransfer();
    if (this.#replicator.scheduleCommit()) this.#hasWork = true;
    if (--this.#ticksToHeartbeat === 0) this.#heartbeat();
    this.#stall.tick();
    if (this.#stall.isCommitStalled) return 'commitStalled';
    if (this.#stall.isDiskStalled) this.#handOverFromDisk();
    if (--this.#ticksToQuorumCheck > 0) return null;
    this.#ticksToQuorumCheck = this.#replica.config.electionTicks;
    return this.#hadQuorum() ? null : 'quorumLost';
  }

  /** Only if a follower has on disk what this node's disk has not: that disk is better. */
  #handOverFromDisk(): void {
    const target = this.#readiestFollower();
    if (this.#transfer !== null || target === undefined) return;
    if (target.match <= this.#replica.log.durable) return;
    this.#stall.offered();
    this.#begin(new Transfer(target.id, this.#replica.config.electionTicks, 'diskStalled'));
  }

  /** Whether a majority was heard since the last call (check quorum, dissertation 6.2). */
  #hadQuorum(): boolean {
    let heard = 1;
    for (const follower of this.#followers) {
      if (follower.active) heard++;
      follower.active = false;
    }
    return heard >= majorityOf(this.#followers.length + 1);
  }

  #heartbeat(): void {
    if (this.#transfer === null) this.#beginRound();
    else this.#sendHeartbeats();
    this.#offerLeadership();
  }

  #beginRound(): void {
    this.#begunRound = this.#replica.nextRound();
    this.#sendHeartbeats();
    this.#confirmRounds();
  }

  #sendHeartbeats(): void {
    const { term, lastRound: round, config } = this.#replica;
    this.#ticksToHeartbeat = config.heartbeatTicks;
    for (const { id: to, match } of this.#followers) {
      const commit = Math.min(match, this.#replicator.announcedCommit);
      this.#replica.sendAfterHardState({ kind: 'heartbeat', to, term, round, commit });
    }
  }

  #confirmRounds(): void {
    if (!this.#rounds.confirm()) return;
    this.#reads.confirmed(this.#rounds.confirmed);
    this.#hasWork = true;
  }

  get leaseLockoutMs(): number {
    return this.leaseRound > 0 ? this.#rounds.lockoutMs : 0;
  }

  get leaseRound(): number {
    return this.#rounds.leaseRound(this.#transfer !== null);
  }

  takeBegunRound(): number {
    const round = this.#begunRound;
    this.#begunRound = 0;
    return round;
  }

  propose(commands: readonly Uint8Array[], waiting: readonly NodeId[]): Proposed {
    if (this.#transfer !== null) return { accepted: false, refusal: 'transferring' };
    const before = this.#uncommitted.bytes;
    const firstIndex = this.#replica.log.lastIndex + 1;
    let bytes = 0;
    for (const data of commands) bytes += entryBytes(data);
    if (before > 0 && before + bytes > this.#replica.config.maxUncommittedBytes) {
      return { accepted: false, refusal: 'overloaded' };
    }
    this.#append(commands);
    for (const follower of this.#followers) {
      if (waiting.includes(follower.id)) follower.commitAwaited = this.#replica.log.lastIndex;
    }
    return { accepted: true, firstIndex, term: this.#replica.term };
  }

  #append(commands: readonly Uint8Array[]): void {
    const { log, term } = this.#replica;
    const entries: Entry[] = [];
    let index = log.lastIndex;
    for (const data of commands) {
      entries.push({ index: ++index, term, data });
      this.#uncommitted.appended(entryBytes(data));
    }
    log.append(entries);
    invariant(log.lastIndex === index, 'a proposal ends the log', log.lastIndex, index);
    this.#hasWork = true;
  }

  onResponse(answer: AppendResponse | AppendReject | HeartbeatResponse): void {
    const follower = this.#find(answer.from);
    invariant(follower !== undefined, 'responses come from followers');
    follower.active = true;
    if (answer.kind === 'appendResponse') this.#onAppendResponse(follower, answer);
    else if (answer.kind === 'appendReject') this.#onAppendReject(follower, answer);
    else this.#onHeartbeatResponse(follower, answer);
  }

  #onAppendResponse(follower: Progress, { index, joining }: AppendResponse): void {
    const counted = follower.counts;
    follower.counts = this.#replica.rules.countsForCommit(joining);
    const { lastIndex } = this.#replica.log;
    invariant(index <= lastIndex, 'a follower has what the leader has', index, lastIndex);
    if (!follower.acked(index) && follower.counts === counted) return;
    this.#hasWork = true;
    this.#commitByCounting();
    if (this.#transfer?.to === follower.id) this.#offerLeadership();
  }

  #onAppendReject(follower: Progress, refusal: AppendReject): void {
    const { prevIndex, hintIndex, hintTerm } = refusal;
    const agreeAtMost = this.#replica.log.lastAtOrBelowTerm(hintIndex, hintTerm);
    if (follower.rejected(prevIndex, agreeAtMost)) this.#hasWork = true;
  }

  #onHeartbeatResponse(follower: Progress, { round, lockoutMs }: HeartbeatResponse): void {
    follower.heartbeatAcked(round, lockoutMs);
    this.#hasWork = true;
    this.#confirmRounds();
    this.#replicator.lookForLoss(follower);
  }

  /** This node's own disk has completed a write. */
  onDurable(): void {
    this.#commitByCounting();
    this.#uncommitted.settle();
  }

  /**
   * Commits what a majority has on disk. The leader's own copy counts only once it is durable, as
   * the others do.
   */
  #commitByCounting(): void {
    const { log, rules, term } = this.#replica;
    const reached = this.#followers.map(({ counts, match }) => (counts ? match : 0));
    reached.push(rules.ownMatch(log.durable, log.lastIndex));
    const index = reachedByMajority(reached);
    if (index <= log.committed || !rules.commitsByCounting(log.termAt(index)!, term)) return;
    log.commitTo(index);
    this.#stall.committed();
    this.#hasWork = true;
    this.#uncommitted.settle();
  }

  /** False if a transfer is in progress, or no follower can take over. */
  transferTo(to: NodeId | undefined): boolean {
    const target = to === undefined ? this.#readiestFollower() : this.#find(to);
    if (this.#transfer !== null || target === undefined || !target.counts) return false;
    this.#begin(new Transfer(target.id, this.#replica.config.electionTicks, 'handover'));
    return true;
  }

  #begin(transfer: Transfer): void {
    invariant(this.#transfer === null, 'one transfer at a time', this.#replica.term);
    this.#transfer = transfer;
    this.#hasWork = true;
    this.#offerLeadership();
  }

  get transferTarget(): NodeId | null {
    return this.#transfer?.to ?? null;
  }

  /** Why leadership is being handed over; null without a transfer. */
  get transferReason(): LeadershipLoss | null {
    return this.#transfer?.reason ?? null;
  }

  #readiestFollower(): Progress | undefined {
    let best: Progress | undefined;
    for (const follower of this.#followers) {
      const better = best === undefined || follower.match > best.match;
      if (follower.counts && this.#rounds.hasResponded(follower) && better) best = follower;
    }
    return best;
  }

  /**
   * Asks the target of the transfer to take over once it has the whole log; again with each
   * heartbeat, since the message may be lost.
   */
  #offerLeadership(): void {
    if (this.#transfer === null) return;
    const { term, log, lastRound: round } = this.#replica;
    const { to } = this.#transfer;
    if (this.#find(to)?.match !== log.lastIndex) return;
    this.#replica.sendAfterHardState({ kind: 'timeoutNow', to, term, round });
  }

  /**
   * An offer may still be in flight: no lease may rest on the rounds from which it releases voters.
   */
  #abandonTransfer(): void {
    this.#transfer = null;
    this.#rounds.raiseFloor();
    this.#beginRound();
  }

  snapshotSent(to: NodeId, delivered: boolean): void {
    this.#find(to)?.snapshotEnded(delivered);
  }

  unreachable(peer: NodeId): void {
    this.#find(peer)?.disconnected();
  }

  get hasMore(): boolean {
    return this.#hasWork;
  }

  /** Sends all that may be sent now. */
  flush(): void {
    if (!this.#hasWork) return;
    this.#hasWork = false;
    this.#confirmReads();
    this.#replicator.flush();
  }

  /**
   * A leader knows what is committed only once an entry of its own term is (dissertation 6.4). No
   * round begins during a transfer.
   */
  #confirmReads(): void {
    const { log, rules } = this.#replica;
    const knowsCommitted = rules.knowsCommitted(log.committed, this.#firstIndex);
    if (!knowsCommitted || this.#transfer !== null || !this.#reads.wantsRound) return;
    this.#reads.roundBegins(this.#replica.lastRound + 1, log.committed);
    this.#beginRound();
  }

  readAsked(): void {
    this.#hasWork = true;
  }

  /** More entries are in force on this node and may be announced. */
  inForceAdvanced(): void {
    this.#hasWork = true;
  }

  /** Throws `RaftInvariantError`. */
  assertInvariants(): void {
    const { log, term, lastRound } = this.#replica;
    this.#uncommitted.assertInvariants();
    this.#stall.assertInvariants();
    this.#rounds.assertInvariants();
    for (const follower of this.#followers) {
      follower.assertInvariants();
      const { match, next, commitSent, ackedRound } = follower;
      invariant(match <= log.lastIndex, 'a follower has no more than the leader', match);
      invariant(next <= log.lastIndex + 1, 'no entry is sent before it exists', next);
      invariant(commitSent <= log.inForce, 'only what is in force is announced', commitSent);
      invariant(ackedRound <= lastRound, 'no round is acknowledged before it begins', ackedRound);
    }
    invariant(log.lastIndex >= this.#firstIndex, 'a leader has its first entry', log.lastIndex);
    invariant(log.lastTerm === term, 'a leader appends entries of its term', log.lastTerm, term);
    invariant(this.#ticksToHeartbeat > 0, 'heartbeats are due', this.#ticksToHeartbeat);
    invariant(this.#ticksToQuorumCheck > 0, 'a check of the quorum is due', term);
    const { transferTarget } = this;
    const knowsTarget = transferTarget === null || this.#find(transferTarget) !== undefined;
    invariant(knowsTarget, 'leadership is handed over to a follower', term);
    const hasLease = this.#transfer === null || this.leaseRound === 0;
    invariant(hasLease, 'no lease holds during a transfer', this.leaseRound);
  }

  #find(id: NodeId): Progress | undefined {
    return this.#followers.find((follower) => follower.id === id);
  }
}
