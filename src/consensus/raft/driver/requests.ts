/**
 * The requests of this node's clients, and those that followers forward, from their arrival to
 * their result.
 */
import { FrenoError } from '../../../base/errors.js';
import { type Command, type CommandOutcome, NO_EFFECT } from '../../../throttle/commands.js';
import type {
  Forward,
  ForwardRefusal,
  ForwardRefusalReason,
  PeerMessage,
} from '../codec/messages.js';
import { committedProposal, encodeProposal } from '../codec/proposals.js';
import { invariant } from '../core/errors.js';
import type { Entry, NodeId, RaftCore, ReadGrant } from '../core/types.js';
import type { MemberReleases, RequestRefusal, RequestResult } from '../driver-types.js';
import { checkedProposal, groupsOf, type QueuedProposal, stamped } from './proposal-queue.js';

/** Requests and reads without a result. Beyond it new ones are refused. */
const PENDING_MAX = 16_384;

/** Forwarded proposals that wait to be appended. Each turn of the event loop empties them. */
const PEER_QUEUE_MAX = 65_536;

export type RequestCallback = (result: RequestResult) => void;

interface Pending {
  readonly answer: RequestCallback;
  readonly deadlineTick: number;
}

/** Whether the table of the command has no room for it at that time (Unix milliseconds). */
type FullTest = (command: Command, atMs: number) => boolean;

/** What was appended to the log for a request of this node, in the term that it led. */
interface AppendedRequest {
  readonly term: number;
  readonly sequence: number;
  readonly command: Command;
}

interface PendingReads {
  readonly answers: readonly RequestCallback[];
  readonly deadlineTick: number;
}

export interface RequestOptions {
  /** The run of this node: at least 1, drawn by chance. */
  readonly session: number;
  readonly timeoutTicks: number;
  readonly members: MemberReleases;
}

/**
 * A request of this node's client is *queued* until the next flush; then *pending* (proposed here
 * or forwarded to the leader) until it is applied, refused, or its time is up. Its number in
 * `#pending` is `sequence`, which the log entry carries.
 */
export class Requests {
  #tick = 0;
  /**
   * Starts at the session: a refusal of a request of an earlier run of this node matches no request
   * of this one.
   */
  #lastSequence: number;
  #lastContext = 0;
  /** In order of their deadlines. */
  readonly #pending = new Map<number, Pending>();
  /**
   * By index, requests of this node that it appended while it led. An entry that commits there is
   * the one that was appended when it has the same term, and only then (Raft, section 5.3: log
   * matching).
   */
  readonly #appended = new Map<number, AppendedRequest>();
  #queue: QueuedProposal[] = [];
  #readQueue: RequestCallback[] = [];
  /** By context, in order of their deadlines. */
  readonly #reads = new Map<number, PendingReads>();
  #waitingReads = 0;

  constructor(
    private readonly options: RequestOptions,
    private readonly send: (to: NodeId, message: PeerMessage) => boolean,
  ) {
    this.#lastSequence = options.session;
  }

  get pending(): number {
    return this.#pending.size + this.#waitingReads;
  }

  /** Refuses at once what can never be accepted; otherwise the next `flush` takes it. */
  submit(command: Command, answer: RequestCallback): void {
    if (this.pending >= PENDING_MAX) {
      answer({ kind: 'refused', refusal: 'overloaded' });
      return;
    }
    if (!this.options.members.canAllRead(command)) {
      answer({ kind: 'refused', refusal: 'unsupported' });
      return;
    }
    const sequence = this.#lastSequence + 1;
    const data = this.#encode(sequence, command);
    if (data === null) {
      answer({ kind: 'refused', refusal: 'tooLarge' });
      return;
    }
    this.#lastSequence = sequence;
    const deadlineTick = this.#tick + this.options.timeoutTicks;
    this.#pending.set(sequence, { answer, deadlineTick });
    this.#queue.push({ data, command, atMs: command.atMs, sequence, from: null });
  }

  read(answer: RequestCallback): void {
    if (this.pending >= PENDING_MAX) {
      answer({ kind: 'refused', refusal: 'overloaded' });
      return;
    }
    this.#waitingReads += 1;
    this.#readQueue.push((result) => {
      this.#waitingReads -= 1;
      answer(result);
    });
  }

  /** A follower forwards its clients' requests. Throws `PROTOCOL` for what no client can send. */
  forwarded(from: NodeId, { proposals, sequences }: Forward): void {
    const commands = proposals.map(checkedProposal);
    if (this.#queue.length + proposals.length > PEER_QUEUE_MAX) {
      this.send(from, { kind: 'forwardRefusal', sequences, reason: 'overloaded' });
      return;
    }
    const unsupported: number[] = [];
    proposals.forEach((data, at) => {
      const command = commands[at]!;
      const sequence = sequences[at]!;
      if (!this.options.members.canAllRead(command)) unsupported.push(sequence);
      else this.#queue.push({ data, command, atMs: command.atMs, sequence, from });
    });
    if (unsupported.length === 0) return;
    this.send(from, { kind: 'forwardRefusal', sequences: unsupported, reason: 'unsupported' });
  }

  forwardRefused({ sequences, reason }: ForwardRefusal): void {
    for (const sequence of sequences) this.#refuse(sequence, reason);
  }

  /**
   * Gives queued requests to the core, or forwards them to the leader. `unixMs`: the time of the
   * cluster; a leader that does not know it yet lets commands wait. `isFullFor`: a leader refuses
   * these commands itself, before they cost the cluster anything.
   */
  flush(core: RaftCore, unixMs: number | null, isFullFor: FullTest): void {
    this.#flushReads(core);
    const leads = core.soft.role === 'leader';
    if (this.#queue.length === 0 || (leads && unixMs === null)) return;
    const queue = leads ? this.#withoutRefused(this.#queue, unixMs ?? 0, isFullFor) : this.#queue;
    this.#queue = [];
    if (queue.length === 0) return;
    for (const group of groupsOf(queue)) {
      if (leads && unixMs !== null) this.#propose(core, group, unixMs);
      else this.#forwardToLeader(core.soft.leader, group);
    }
  }

  /**
   * The commands of committed entries, and for each its number among the requests of this node, or
   * null. Settles requests whose indexes have other entries. Throws for an entry that cannot be
   * read: the log is broken.
   */
  committed(entries: readonly Entry[]): { commands: Command[]; own: Array<number | null> } {
    const commands: Command[] = [];
    const own: Array<number | null> = [];
    for (const entry of entries) {
      const appended = this.#takeAppended(entry);
      if (appended !== null) {
        commands.push(appended.command);
        own.push(appended.sequence);
        continue;
      }
      if (entry.data.length === 0) continue;
      const { session, sequence, command } = committedProposal(entry.data);
      commands.push(command);
      own.push(session === this.options.session ? sequence : null);
    }
    return { commands, own };
  }

  /** These commands are in force. */
  applied(own: ReadonlyArray<number | null>, outcomes: readonly CommandOutcome[]): void {
    own.forEach((sequence, at) => {
      if (sequence === null) return;
      const outcome = outcomes[at]!;
      const result: RequestResult =
        outcome === 'full'
          ? { kind: 'refused', refusal: 'full' }
          : { kind: 'done', effect: outcome };
      this.#answer(sequence, result);
    });
  }

  /**
   * A snapshot replaced all entries up to `index`: whether own requests were among them is unknown.
   */
  restored(index: number): void {
    for (const [at, { sequence }] of this.#appended) {
      if (at > index) continue;
      this.#appended.delete(at);
      this.#answer(sequence, { kind: 'unknown' });
    }
  }

  /** `whenSeen` delays results until what is applied is in force. */
  readsGranted(grants: readonly ReadGrant[], whenSeen: (callback: () => void) => void): void {
    for (const { context } of grants) {
      const reads = this.#takeReads(context);
      if (reads === null) continue;
      whenSeen(() => {
        for (const answer of reads.answers) answer({ kind: 'done', effect: NO_EFFECT });
      });
    }
  }

  readsLost(contexts: readonly number[]): void {
    for (const context of contexts) this.#refuseReads(context);
  }

  tick(): void {
    this.#tick += 1;
    this.#refuseOverdueQueue();
    for (const [sequence, { deadlineTick }] of this.#pending) {
      if (deadlineTick > this.#tick) break;
      this.#answer(sequence, { kind: 'unknown' });
    }
    for (const [context, { deadlineTick }] of this.#reads) {
      if (deadlineTick > this.#tick) break;
      this.#refuseReads(context);
    }
  }

  /** Ends all requests: queued ones were never sent, pending ones may still take effect. */
  stop(): void {
    for (const { sequence, from } of this.#queue) {
      if (from === null) this.#refuse(sequence, 'notLeader');
    }
    this.#queue = [];
    for (const sequence of [...this.#pending.keys()]) this.#answer(sequence, { kind: 'unknown' });
    for (const context of [...this.#reads.keys()]) this.#refuseReads(context);
    for (const answer of this.#readQueue.splice(0)) {
      answer({ kind: 'refused', refusal: 'notLeader' });
    }
  }

  /** What is still queued at its deadline was never sent: it has no effect, now or later. */
  #refuseOverdueQueue(): void {
    const isOverdue = ({ from, sequence }: QueuedProposal): boolean =>
      from === null && this.#pending.get(sequence)!.deadlineTick <= this.#tick;
    const overdue = this.#queue.filter(isOverdue);
    if (overdue.length === 0) return;
    this.#queue = this.#queue.filter((queued) => !isOverdue(queued));
    for (const { sequence } of overdue) this.#refuse(sequence, 'notLeader');
  }

  /** Throws `RaftInvariantError`. */
  assertInvariants(): void {
    const queued = this.#queue.length;
    invariant(this.pending <= PENDING_MAX, 'pending requests are bounded', this.pending);
    invariant(queued <= PENDING_MAX + PEER_QUEUE_MAX, 'queued proposals are bounded', queued);
    invariant(this.#readQueue.length <= this.#waitingReads, 'every read is counted');
    let before = this.#tick + 1;
    for (const [sequence, { deadlineTick }] of this.#pending) {
      invariant(sequence <= this.#lastSequence, 'a request has a number that was given', sequence);
      invariant(deadlineTick >= before, 'requests are in order of their deadlines', deadlineTick);
      before = deadlineTick;
    }
    for (const { from, sequence } of this.#queue) {
      invariant(from !== null || this.#pending.has(sequence), 'a queued request is pending');
    }
    invariant(this.#reads.size <= this.#lastContext, 'a read has a number that was given');
  }

  #encode(sequence: number, command: Command): Uint8Array | null {
    try {
      return encodeProposal({ session: this.options.session, sequence, command });
    } catch (error) {
      if (error instanceof FrenoError && error.code === 'BAD_REQUEST') return null;
      throw error;
    }
  }

  /** Refuses what would find its table full, unless a peer would not understand that. */
  #withoutRefused(
    queue: readonly QueuedProposal[],
    unixMs: number,
    isFullFor: FullTest,
  ): readonly QueuedProposal[] {
    const { members } = this.options;
    const isRefused = ({ command, from }: QueuedProposal): boolean =>
      (from === null || members.readsFull(from)) &&
      // Its time in the log is one of these.
      isFullFor(command, Math.max(unixMs, command.atMs));
    const refused = new Set(queue.filter(isRefused));
    if (refused.size === 0) return queue;
    this.#refuseGroup([...refused], 'full');
    return queue.filter((queued) => !refused.has(queued));
  }

  #propose(core: RaftCore, group: readonly QueuedProposal[], unixMs: number): void {
    const toAppend = group.map((one) => stamped(one, unixMs));
    const proposed = core.propose(
      toAppend.map(({ data }) => data),
      toAppend.flatMap(({ from }) => from ?? []),
    );
    if (!proposed.accepted) {
      this.#refuseGroup(group, proposed.refusal);
      return;
    }
    toAppend.forEach(({ sequence, command, from }, at) => {
      const { firstIndex, term } = proposed;
      if (from === null) this.#appended.set(firstIndex + at, { term, sequence, command });
    });
  }

  #forwardToLeader(leader: NodeId | null, group: readonly QueuedProposal[]): void {
    const own = group.filter(({ from }) => from === null);
    const others = group.filter(({ from }) => from !== null);
    if (others.length > 0) this.#refuseGroup(others, 'notLeader');
    if (own.length === 0) return;
    const sequences = own.map(({ sequence }) => sequence);
    const proposals = own.map(({ data }) => data);
    const isSent = leader !== null && this.send(leader, { kind: 'forward', proposals, sequences });
    if (!isSent) this.#refuseGroup(own, 'notLeader');
  }

  #refuseGroup(group: readonly QueuedProposal[], reason: ForwardRefusalReason): void {
    const ofPeers = new Map<NodeId, number[]>();
    for (const { from, sequence } of group) {
      if (from === null) this.#refuse(sequence, reason);
      else if (ofPeers.has(from)) ofPeers.get(from)!.push(sequence);
      else ofPeers.set(from, [sequence]);
    }
    for (const [peer, sequences] of ofPeers) {
      this.send(peer, { kind: 'forwardRefusal', sequences, reason });
    }
  }

  #flushReads(core: RaftCore): void {
    if (this.#readQueue.length === 0) return;
    const answers = this.#readQueue;
    this.#readQueue = [];
    const context = ++this.#lastContext;
    const refusal = core.readIndex(context);
    if (refusal === null) {
      const deadlineTick = this.#tick + this.options.timeoutTicks;
      this.#reads.set(context, { answers, deadlineTick });
      return;
    }
    for (const answer of answers) answer({ kind: 'refused', refusal });
  }

  /**
   * The request that this entry was appended for, or null. One that was appended there in another
   * term has been overwritten: it never took effect and never will.
   */
  #takeAppended({ index, term }: Entry): AppendedRequest | null {
    const appended = this.#appended.get(index);
    if (appended === undefined) return null;
    this.#appended.delete(index);
    if (appended.term === term) return appended;
    this.#refuse(appended.sequence, 'notLeader');
    return null;
  }

  #refuse(sequence: number, refusal: RequestRefusal): void {
    this.#answer(sequence, { kind: 'refused', refusal });
  }

  #answer(sequence: number, result: RequestResult): void {
    const pending = this.#pending.get(sequence);
    if (pending === undefined) return;
    this.#pending.delete(sequence);
    pending.answer(result);
  }

  #takeReads(context: number): PendingReads | null {
    const reads = this.#reads.get(context) ?? null;
    this.#reads.delete(context);
    return reads;
  }

  #refuseReads(context: number): void {
    for (const answer of this.#takeReads(context)?.answers ?? []) {
      answer({ kind: 'refused', refusal: 'notLeader' });
    }
  }
}
