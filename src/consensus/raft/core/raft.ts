/** The Raft core: takes inputs, changes roles, returns what there is to do. */
import { type RaftConfig, validate } from './config.js';
import { Election, respondToOutdated, respondToPreVote, respondToVote } from './election.js';
import { ElectionTimer, type RandomSource } from './election-timer.js';
import { invariant } from './errors.js';
import { follow, followHeartbeat, followSnapshot } from './follower.js';
import { Leader } from './leader.js';
import { Reads } from './reads.js';
import { Replica } from './replica.js';
import { type Rules, raftRules } from './rules.js';
import type {
  Append,
  Heartbeat,
  InitialState,
  LeadershipLoss,
  Message,
  NodeId,
  PreVote,
  PreVoteResponse,
  Proposed,
  RaftCore,
  Ready,
  Refusal,
  Role,
  Snapshot,
  SnapshotMeta,
  SoftState,
  TimeoutNow,
  Vote,
  VoteResponse,
} from './types.js';

/**
 * Roles and their transitions:
 *
 *     follower --time-out--> preCandidate --a majority would vote--> candidate
 *     candidate --a majority votes--> leader
 *     follower --timeoutNow--> candidate
 *     any --a higher term--> follower
 *     candidates --a leader, or no majority left--> follower
 *     leader --quorum lost, or nothing committed in time--> follower
 *
 * `election` is set in the two candidate roles only, `leadership` in the leader's only.
 */
export class Raft implements RaftCore {
  readonly #replica: Replica;
  readonly #reads = new Reads();
  readonly #electionTimer: ElectionTimer;
  #role: Role = 'follower';
  #leader: NodeId | null = null;
  /** In this run it has heard a leader, which has entries. */
  #hasFollowed = false;
  #election: Election | null = null;
  #leadership: Leader | null = null;
  #readsLost: number[] = [];
  #loss: LeadershipLoss | null = null;
  #softShown: SoftState;

  /** Throws `RaftConfigError`. `rules` is for tests that break one. */
  constructor(
    config: RaftConfig,
    initial: InitialState,
    random: RandomSource,
    rules: Rules = raftRules,
  ) {
    validate(config);
    this.#replica = new Replica(config, initial, rules);
    this.#electionTimer = new ElectionTimer(config, random);
    this.#softShown = this.#softNow();
  }

  tick(): void {
    this.#replica.tick();
    if (this.#leadership !== null) {
      const loss = this.#leadership.tick();
      if (loss === null) return;
      this.#loss = loss;
      this.#becomeFollower(null);
      return;
    }
    // Peers cannot know of a vote that is not on disk: the time-out starts once it is.
    if (!this.#isAlone && !this.#replica.isHardStateDurable) this.#electionTimer.waitForDisk();
    else if (this.#electionTimer.tick()) this.campaign();
  }

  campaign(): void {
    if (this.#role === 'leader' || this.#isLockedOut(this.#replica.term + 1, 0)) return;
    if (!this.#isAlone && !this.#replica.mayVote) return;
    if (this.#isAlone && this.#role === 'candidate') return;
    this.#leave();
    this.#role = 'preCandidate';
    this.#election = Election.ask(this.#replica);
    this.#decide();
  }

  #stand(transferRound: number): void {
    invariant(this.#role !== 'leader', 'a leader stands for no election', this.#replica.term);
    this.#electionTimer.electionBegins();
    this.#leave();
    this.#role = 'candidate';
    this.#election = Election.stand(this.#replica, transferRound);
    this.#decide();
  }

  /** Acts on the votes counted so far. */
  #decide(): void {
    const verdict = this.#election?.verdict();
    if (verdict === 'lost') this.#becomeFollower(null);
    if (verdict !== 'won') return;
    if (this.#role === 'candidate') this.#becomeLeader();
    else if (this.#isAlone || this.#replica.mayVote) this.#stand(0);
    // It has learned meanwhile that it must join first.
    else this.#becomeFollower(null);
  }

  #becomeLeader(): void {
    invariant(this.#role === 'candidate', 'only a candidate is elected', this.#replica.term);
    invariant(this.#replica.isHardStateDurable, 'a leader has its own vote on disk');
    invariant(this.#reads.pending === 0, 'reads wait on a leader only', this.#reads.pending);
    this.#leave();
    this.#role = 'leader';
    this.#leader = this.#replica.config.id;
    this.#replica.lockout.release();
    this.#replica.form();
    this.#electionTimer.leaderKnown();
    this.#loss = null;
    this.#leadership = new Leader(this.#replica, this.#reads);
  }

  #becomeFollower(leader: NodeId | null): void {
    this.#leave();
    this.#role = 'follower';
    this.#leader = leader;
    invariant(leader !== this.#replica.config.id, 'a follower does not follow itself');
  }

  /** Ends the present role. */
  #leave(): void {
    if (this.#leadership !== null) this.#readsLost.push(...this.#reads.takeLost());
    this.#leadership = null;
    this.#election = null;
    this.#leader = null;
    this.#electionTimer.restart();
  }

  /**
   * Such a node is elected by its own disk. A new term at each tick of a slow disk would mean
   * another vote to write, without end.
   */
  get #isAlone(): boolean {
    return this.#replica.peers.length === 0;
  }

  step(message: Message): void {
    const { peers, config, term } = this.#replica;
    if (message.to !== config.id || !peers.includes(message.from)) return;
    if (message.term < term) respondToOutdated(this.#replica, message);
    else if (message.term === term || this.#meetsHigherTerm(message)) this.#handle(message);
  }

  /** Returns whether the message is to be handled at all. */
  #meetsHigherTerm(message: Message): boolean {
    if (message.kind === 'preVote') return true;
    if (message.kind === 'preVoteResponse' && message.granted) return true;
    if (message.kind === 'vote' && this.#isLockedOut(message.term, message.transferRound))
      return false;
    if (this.#role === 'leader') this.#loss = this.#leadership?.transferReason ?? 'laterTerm';
    this.#replica.enterTerm(message.term, null);
    if (message.kind === 'vote') this.#electionTimer.electionBegins();
    this.#becomeFollower(null);
    return true;
  }

  /** The message is of the current term (a ballot of a pre-vote: of that or a later one). */
  #handle(message: Message): void {
    switch (message.kind) {
      case 'preVote':
        this.#onPreVote(message);
        break;
      case 'preVoteResponse':
        this.#onPreVoteResponse(message);
        break;
      case 'vote':
        this.#onVote(message);
        break;
      case 'voteResponse':
        this.#onVoteResponse(message);
        break;
      case 'timeoutNow':
        this.#onTimeoutNow(message);
        break;
      case 'append':
      case 'heartbeat':
      case 'snapshot':
        this.#onLeaderMessage(message);
        break;
      default:
        this.#leadership?.onResponse(message);
    }
  }

  #onLeaderMessage(message: Append | Heartbeat | Snapshot): void {
    this.#hearLeader(message.from, message.kind === 'heartbeat' ? message.round : 0);
    if (message.kind === 'append') follow(this.#replica, message);
    else if (message.kind === 'heartbeat') followHeartbeat(this.#replica, message);
    else followSnapshot(this.#replica, message);
  }

  #hearLeader(from: NodeId, round: number): void {
    const { term, lockout } = this.#replica;
    const isOnly = this.#role !== 'leader' && (this.#leader === null || this.#leader === from);
    invariant(isOnly, 'one leader per term', term);
    if (this.#role !== 'follower') this.#becomeFollower(from);
    this.#leader = from;
    this.#hasFollowed = true;
    this.#electionTimer.leaderKnown();
    this.#electionTimer.restart();
    lockout.renew(term, round);
  }

  #onPreVote(ballot: PreVote): void {
    const granted = respondToPreVote(this.#replica, ballot, this.#isLockedOut(ballot.term, 0));
    // The disk of the candidate needs time for its own vote before it asks for this node's.
    if (granted && this.#role === 'follower') this.#electionTimer.restart();
  }

  #onPreVoteResponse({ from, term, granted }: PreVoteResponse): void {
    if (this.#role !== 'preCandidate') return;
    if (granted && term !== this.#replica.term + 1) return;
    this.#election?.record(from, granted);
    this.#decide();
  }

  #onVote(ballot: Vote): void {
    if (this.#isLockedOut(ballot.term, ballot.transferRound)) return;
    if (respondToVote(this.#replica, ballot)) this.#electionTimer.restart();
  }

  #onVoteResponse({ from, granted }: VoteResponse): void {
    if (this.#role !== 'candidate') return;
    this.#election?.record(from, granted);
    this.#decide();
  }

  #onTimeoutNow({ round }: TimeoutNow): void {
    if (this.#role === 'leader' || this.#isLockedOut(this.#replica.term + 1, round)) return;
    if (!this.#replica.mayVote) return;
    this.#stand(round);
  }

  /**
   * Whether this node may not vote in `term` (also not for itself): it is locked out, or it leads.
   * A leader gives up its term only for the node to which it hands over.
   */
  #isLockedOut(term: number, transferRound: number): boolean {
    const { lockout, lastRound, term: own } = this.#replica;
    if (this.#role !== 'leader') return lockout.forbids(term, transferRound);
    return !(transferRound > 0 && term === own + 1 && lastRound <= transferRound);
  }

  propose(commands: readonly Uint8Array[], waiting: readonly NodeId[] = []): Proposed {
    return (
      this.#leadership?.propose(commands, waiting) ?? { accepted: false, refusal: 'notLeader' }
    );
  }

  readIndex(context: number): Refusal | null {
    if (this.#leadership === null) return 'notLeader';
    if (this.#reads.pending >= this.#replica.config.maxPendingReads) return 'overloaded';
    this.#reads.ask(context);
    this.#leadership.readAsked();
    return null;
  }

  transferLeadership(to?: NodeId): boolean {
    return this.#leadership?.transferTo(to) ?? false;
  }

  persisted(batch: number): void {
    this.#replica.persisted(batch);
    if (this.#leader !== null) this.#replica.joinIfComplete();
    this.#leadership?.onDurable();
    if (this.#role === 'candidate') {
      this.#election?.countOwnVoteIfDurable();
      this.#decide();
    }
  }

  clusterHoldsData(): void {
    this.#replica.noteClusterData();
  }

  inForce(index: number): void {
    if (this.#replica.log.inForceTo(index)) this.#leadership?.inForceAdvanced();
  }

  compact(snapshot: SnapshotMeta, keepEntries: number): void {
    this.#replica.compact(snapshot, keepEntries);
  }

  snapshotSent(to: NodeId, delivered: boolean): void {
    this.#leadership?.snapshotSent(to, delivered);
  }

  unreachable(peer: NodeId): void {
    this.#leadership?.unreachable(peer);
  }

  get settledIndex(): number {
    const { log } = this.#replica;
    return Math.min(log.durable, log.inForce);
  }

  assertInvariants(): void {
    const role = this.#role;
    const { term } = this.#replica;
    this.#replica.assertInvariants();
    this.#leadership?.assertInvariants();
    this.#reads.assertInvariants();
    const isCandidate = role === 'candidate' || role === 'preCandidate';
    invariant(isCandidate === (this.#election !== null), 'a candidate has an election', term);
    invariant(!isCandidate || this.#leader === null, 'a candidate knows no leader', term);
    const waits = this.#reads.pending > 0;
    invariant(role === 'leader' || !waits, 'reads wait on a leader only', term);
    invariant((role === 'leader') === (this.#leadership !== null), 'a leader leads', term);
    const isOwn = this.#leader === this.#replica.config.id;
    invariant((role === 'leader') === isOwn, 'a leader knows itself as the leader', term);
    const votedForItself = this.#replica.vote === this.#replica.config.id;
    const hasVoted = role === 'candidate' || role === 'leader';
    invariant(!hasVoted || votedForItself, 'a candidate votes for itself', term);
    invariant(role !== 'leader' || !this.#replica.joining, 'a joining node does not lead', term);
  }

  hasReady(): boolean {
    const { log, hasUnwritten, hasMessages } = this.#replica;
    return (
      hasUnwritten ||
      hasMessages ||
      log.hasApplicable ||
      this.#leadership?.hasMore === true ||
      this.#readsLost.length > 0 ||
      this.#reads.hasGrants(log.applied) ||
      !this.#isSoftAsShown()
    );
  }

  ready(): Ready {
    const { log, config } = this.#replica;
    this.#leadership?.flush();
    const write = this.#replica.takeWrite();
    const messages = this.#replica.takeMessages();
    const committed = log.takeApplicable(config.maxApplyEntries);
    const reads = this.#reads.takeGrants(log.applied);
    const readsLost = this.#readsLost;
    this.#readsLost = [];
    this.#softShown = this.soft;
    const round = this.#leadership?.takeBegunRound() ?? 0;
    const restore = write?.snapshot ?? null;
    return { soft: this.#softShown, round, write, messages, restore, committed, reads, readsLost };
  }

  get holdsData(): boolean {
    return this.#hasFollowed || this.#replica.log.lastIndex > 0;
  }

  get commitIndex(): number {
    return this.#replica.log.committed;
  }

  /** The same object as long as nothing in it changes. */
  get soft(): SoftState {
    return this.#isSoftAsShown() ? this.#softShown : this.#softNow();
  }

  #isSoftAsShown(): boolean {
    const shown = this.#softShown;
    return (
      this.#role === shown.role &&
      this.#replica.term === shown.term &&
      this.#leader === shown.leader &&
      (this.#leadership?.leaseRound ?? 0) === shown.leaseRound &&
      (this.#leadership?.leaseLockoutMs ?? 0) === shown.leaseLockoutMs &&
      (this.#leadership?.transferTarget ?? null) === shown.transferTo &&
      (this.#leadership?.transferReason ?? this.#loss) === shown.loss
    );
  }

  #softNow(): SoftState {
    return {
      role: this.#role,
      term: this.#replica.term,
      leader: this.#leader,
      leaseRound: this.#leadership?.leaseRound ?? 0,
      leaseLockoutMs: this.#leadership?.leaseLockoutMs ?? 0,
      transferTo: this.#leadership?.transferTarget ?? null,
      loss: this.#leadership?.transferReason ?? this.#loss,
    };
  }
}
