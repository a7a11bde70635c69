/**
 * Runs a Raft core: gives it ticks, messages and requests, and does what it returns, in its order.
 */
import { messageOf } from '../../../base/errors.js';
import type { Command, CommandOutcome } from '../../../throttle/commands.js';
import {
  decodeMessage,
  encodeMessage,
  type PeerMessage,
  type SentMessage,
  type SnapshotChunk,
} from '../codec/messages.js';
import { checkPlausible } from '../codec/plausible.js';
import { invariant } from '../core/errors.js';
import type { Entry, Message, NodeId, Ready, SoftState, Write } from '../core/types.js';
import type { DriverInterface, DriverOptions, DriverParts } from '../driver-types.js';
import { storageWrite } from '../storage/group-commit.js';
import { ApplyBarrier } from './apply-barrier.js';
import { ClusterClock } from './cluster-clock.js';
import { DiskQueue } from './disk-queue.js';
import { LeaderLease } from './lease-deadline.js';
import { type RequestCallback, Requests } from './requests.js';
import { drawSession } from './session.js';
import { type ArrivedSnapshot, SnapshotReceiver } from './snapshot-receiver.js';
import { SnapshotSender } from './snapshot-sender.js';
import { SnapshotTaker } from './snapshot-taker.js';
import { isNews } from './soft-state.js';

/**
 * Inputs only schedule one pump in the same turn of the event loop, after all that had arrived:
 * messages that came together make one batch for the disk and one response.
 */
export class RaftDriver implements DriverInterface {
  readonly #options: DriverOptions;
  readonly #parts: DriverParts;
  readonly #disk: DiskQueue;
  readonly #lease: LeaderLease;
  readonly #clock: ClusterClock;
  readonly #requests: Requests;
  readonly #sender: SnapshotSender;
  readonly #receiver = new SnapshotReceiver();
  readonly #taker: SnapshotTaker;
  readonly #barrier = new ApplyBarrier();
  #soft: SoftState;
  /** The lease as it was reported. */
  #leaseUntilMs = 0;
  /** The last term that this node led with all earlier acknowledged commands in force. */
  #informedTerm = 0;
  #appliedIndex: number;
  #isPumpDue = false;
  #isStopped = false;

  constructor(options: DriverOptions, parts: DriverParts) {
    const { core, storage, environment } = parts;
    const failed = (error: Error) => this.#fail(error);
    this.#options = options;
    this.#parts = parts;
    this.#soft = core.soft;
    this.#appliedIndex = storage.newestSnapshot()?.meta.index ?? 0;
    this.#lease = new LeaderLease(options.leaseShare);
    this.#clock = new ClusterClock(options.nodes, environment);
    this.#disk = new DiskQueue(storage, (batches) => this.#durable(batches), failed);
    this.#requests = new Requests(
      {
        session: drawSession(environment.random()),
        timeoutTicks: options.requestTimeoutTicks,
        members: parts.members,
      },
      (to, message) => this.#send(to, message),
    );
    this.#sender = new SnapshotSender(storage, options.snapshotRetryTicks, {
      send: (to, message) => this.#send(to, message),
      ended: (to, delivered) => this.#input(() => core.snapshotSent(to, delivered)),
      failed,
    });
    this.#taker = new SnapshotTaker(parts, options.snapshotEntries, {
      isSettled: (index) => index <= core.settledIndex,
      isInUse: () => this.#sender.isSending,
      taken: (meta) => this.#input(() => core.compact(meta, options.keepEntries)),
      failed,
    });
  }

  get soft(): SoftState {
    return this.#parts.core.soft;
  }

  get holdsData(): boolean {
    return this.#parts.core.holdsData;
  }

  get commitIndex(): number {
    return this.#parts.core.commitIndex;
  }

  get appliedIndex(): number {
    return this.#appliedIndex;
  }

  get pendingRequests(): number {
    return this.#requests.pending;
  }

  tick(): void {
    this.#guarded(() => {
      this.#requests.tick();
      this.#sender.tick();
      this.#parts.core.tick();
      this.#pump();
    });
  }

  receive(from: NodeId, body: Uint8Array): void {
    if (this.#isStopped) return;
    const message = decodeMessage(body, from, this.#options.id);
    checkPlausible(message, this.soft.term, this.commitIndex);
    if (message.kind === 'forward') this.#requests.forwarded(from, message);
    else if (message.kind === 'forwardRefusal') this.#requests.forwardRefused(message);
    else if (message.kind === 'snapshotChunk') this.#receiveChunk(from, message);
    else if (message.kind === 'snapshotAck') this.#sender.acknowledged(from, message);
    else this.#step(message);
    this.#schedule();
  }

  #step(message: SentMessage): void {
    const { core, observer } = this.#parts;
    this.#guarded(() => core.step(message));
    const offsetMs = this.#isStopped ? null : this.#clock.received(message, core.soft);
    if (offsetMs !== null) observer.clockHeard(offsetMs);
  }

  unreachable(peer: NodeId): void {
    this.#input(() => this.#parts.core.unreachable(peer));
  }

  submit(command: Command, answer: RequestCallback): void {
    if (this.#isStopped) {
      answer({ kind: 'refused', refusal: 'notLeader' });
      return;
    }
    this.#requests.submit(command, answer);
    this.#schedule();
  }

  read(answer: RequestCallback): void {
    if (this.#isStopped) {
      answer({ kind: 'refused', refusal: 'notLeader' });
      return;
    }
    this.#requests.read(answer);
    this.#schedule();
  }

  transferLeadership(to?: NodeId): boolean {
    let isBegun = false;
    this.#guarded(() => {
      isBegun = this.#parts.core.transferLeadership(to);
      this.#pump();
    });
    return isBegun;
  }

  campaign(): void {
    this.#guarded(() => {
      this.#parts.core.campaign();
      this.#pump();
    });
  }

  /** Keeps the identity of the cluster with the data of this node. */
  storeClusterId(clusterId: string): void {
    if (this.#isStopped) return;
    this.#disk.add(null, { hardState: null, snapshot: null, entries: [], clusterId });
  }

  clusterHoldsData(): void {
    this.#input(() => this.#parts.core.clusterHoldsData());
  }

  assertInvariants(): void {
    if (this.#isStopped) return;
    const { core } = this.#parts;
    core.assertInvariants();
    this.#requests.assertInvariants();
    const applied = this.#appliedIndex;
    invariant(applied <= core.commitIndex, 'only what is committed is applied', applied);
  }

  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#disk.stop();
    this.#sender.clear();
    this.#taker.stop();
    this.#requests.stop();
  }

  #input(put: () => void): void {
    this.#guarded(put);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isPumpDue || this.#isStopped) return;
    this.#isPumpDue = true;
    this.#parts.environment.soon(() => {
      this.#isPumpDue = false;
      this.#guarded(() => this.#pump());
    });
  }

  /** A core that threw must not be used again: the node stops participating. */
  #guarded(run: () => void): void {
    if (this.#isStopped) return;
    try {
      run();
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(messageOf(error)));
    }
  }

  #fail(error: Error): void {
    if (this.#isStopped) return;
    this.stop();
    this.#parts.observer.failed(error);
  }

  /**
   * One batch; the rest waits for the next turn, so that a long catch-up does not block the loop.
   */
  #pump(arrived: ArrivedSnapshot | null = null): void {
    const { core } = this.#parts;
    this.#requests.flush(core, this.#clock.latestUnixMs(), this.#isFullFor);
    if (!core.hasReady()) return;
    this.#handle(core.ready(), arrived);
    if (core.hasReady()) this.#schedule();
  }

  /** Without the lease another node may have acknowledged a command that made room. */
  readonly #isFullFor = (command: Command, atMs: number): boolean =>
    this.#parts.environment.nowMs() < this.#leaseUntilMs &&
    this.#parts.machine.isFullFor(command, atMs);

  #handle(ready: Ready, arrived: ArrivedSnapshot | null): void {
    // Before the report: a single node confirms a round in the batch that begins it.
    if (ready.round > 0) this.#lease.roundBegins(ready.round, this.#parts.environment.nowMs());
    this.#report(ready.soft);
    if (ready.write !== null) this.#write(ready.write, arrived);
    for (const message of ready.messages) this.#sendMessage(message);
    if (ready.restore !== null) this.#restore(arrived);
    if (ready.committed.length > 0) this.#apply(ready.committed);
    this.#requests.readsGranted(ready.reads, (callback) => this.#barrier.whenSeen(callback));
    this.#requests.readsLost(ready.readsLost);
  }

  /**
   * First of all: a lease must be withdrawn before anything is sent by which another node could
   * lead.
   */
  #report(soft: SoftState): void {
    const before = this.#soft;
    if (soft === before) return;
    this.#soft = soft;
    const { observer } = this.#parts;
    if (soft.role !== 'leader') {
      this.#sender.clear();
      this.#clock.forget();
    }
    if (isNews(before, soft)) observer.softStateChanged(soft);
    this.#lease.confirmed(soft.leaseRound, soft.leaseLockoutMs);
    this.#reportLease();
  }

  /**
   * A leader that does not know yet all that was acknowledged could let apps through that the last
   * leader had throttled.
   */
  #reportLease(): void {
    const { role, term } = this.#soft;
    const untilMs = term === this.#informedTerm ? this.#lease.untilMs : 0;
    if (untilMs === this.#leaseUntilMs) return;
    this.#leaseUntilMs = untilMs;
    const clockOffsetMs = this.#options.nodes > 1 ? this.#clock.earliestOffsetMs() : null;
    if (role === 'leader') this.#parts.observer.leaseExtended(untilMs, clockOffsetMs);
  }

  #write(write: Write, arrived: ArrivedSnapshot | null): void {
    const { batch, snapshot } = write;
    if (snapshot !== null && arrived?.meta.index !== snapshot.index) {
      throw new Error(`the core wants snapshot ${snapshot.index}, which has not arrived`);
    }
    this.#disk.add(batch, storageWrite(write, snapshot === null ? null : arrived));
  }

  #durable(batches: readonly number[]): void {
    this.#input(() => {
      for (const batch of batches) this.#parts.core.persisted(batch);
      this.#taker.settled();
    });
  }

  #sendMessage(message: Message): void {
    if (message.kind === 'snapshot') this.#sender.start(message.to, message.term);
    else this.#send(message.to, this.#clock.timed(message));
  }

  #send(to: NodeId, message: PeerMessage): boolean {
    return !this.#isStopped && this.#parts.transport.send(to, encodeMessage(message));
  }

  #restore(arrived: ArrivedSnapshot | null): void {
    if (arrived === null) throw new Error('the core restores a snapshot that has not arrived');
    const { index } = arrived.meta;
    this.#parts.machine.restore(arrived.assembly.image(), this.#barrier.applied());
    this.#appliedIndex = index;
    this.#bringInForce(index);
    this.#requests.restored(index);
    this.#taker.restored(index);
  }

  #apply(entries: readonly Entry[]): void {
    const { commands, own } = this.#requests.committed(entries);
    const last = entries.at(-1)!;
    if (commands.length > 0) {
      let outcomes: readonly CommandOutcome[] = [];
      const seen = this.#barrier.applied(() => this.#requests.applied(own, outcomes));
      this.#parts.machine.apply(commands, (results) => {
        outcomes = results;
        seen();
      });
    }
    this.#appliedIndex = last.index;
    this.#bringInForce(last.index);
    this.#taker.applied({ index: last.index, term: last.term });
    const { role, term } = this.#soft;
    if (role === 'leader' && last.term === term && term !== this.#informedTerm)
      this.#informed(term);
  }

  /**
   * A thread that answers its own client may do so before it confirms; a leader announces a commit
   * to others only when every thread has confirmed it.
   */
  #bringInForce(index: number): void {
    const announces = this.#soft.role === 'leader' && this.#options.nodes > 1;
    const inForce = (): void => this.#inForce(index);
    this.#barrier.whenSeen(announces ? () => this.#parts.machine.settled(inForce) : inForce);
  }

  /** Every thread of this node decides by the entries up to `index`: they may be announced. */
  #inForce(index: number): void {
    this.#guarded(() => {
      this.#parts.core.inForce(index);
      this.#taker.settled();
    });
    if (this.#soft.role === 'leader') this.#schedule();
  }

  /** An entry of the term that this node leads is applied, and with it all of earlier terms. */
  #informed(term: number): void {
    const informed = (): void => {
      if (this.#isStopped) return;
      this.#informedTerm = term;
      this.#reportLease();
    };
    this.#barrier.whenSeen(() => this.#parts.machine.settled(informed));
  }

  #receiveChunk(from: NodeId, chunk: SnapshotChunk): void {
    const { core } = this.#parts;
    const { term } = core.soft;
    if (chunk.term < term) return;
    const snapshotIndex = chunk.snapshotIndex;
    const isOld = snapshotIndex <= this.#appliedIndex;
    const { next, arrived } = isOld
      ? { next: chunk.chunkCount, arrived: null }
      : this.#receiver.receive(from, chunk);
    this.#send(from, { kind: 'snapshotAck', term, snapshotIndex, nextSequence: next });
    if (arrived === null) return;
    const to = this.#options.id;
    this.#guarded(() => {
      core.step({ kind: 'snapshot', from, to, term: chunk.term, meta: arrived.meta });
      this.#pump(arrived);
    });
  }
}
