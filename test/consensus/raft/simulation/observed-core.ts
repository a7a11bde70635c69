/**
 * Stands between driver and core: shows what passes, and can give writes to a disk that works on
 * several at once.
 */
import type {
  Message,
  NodeId,
  Proposed,
  RaftCore,
  Ready,
  Refusal,
  SnapshotMeta,
  SoftState,
  Write,
} from '../../../../src/consensus/raft/core/types.js';

export interface CoreHooks {
  readonly saw: (ready: Ready) => void;
  /** Null: the driver's own queue writes, one write at a time. */
  readonly writeOverlapping: ((write: Write, done: () => void) => void) | null;
  /** A mutant: rounds are noted when they are answered, not when they are sent. */
  readonly notesRoundsLate: boolean;
}

export class ObservedCore implements RaftCore {
  readonly #core: RaftCore;
  readonly #hooks: CoreHooks;
  /**
   * Batches that the driver writes. While there are any, it gets all that follow, so that the disk
   * gets them in order.
   */
  readonly #driverBatches = new Set<number>();
  #lateRound = 0;

  constructor(core: RaftCore, hooks: CoreHooks) {
    this.#core = core;
    this.#hooks = hooks;
  }

  ready(): Ready {
    const ready = this.#core.ready();
    this.#hooks.saw(ready);
    const { write } = ready;
    const round = this.#hooks.notesRoundsLate ? this.#noteLate(ready.soft) : ready.round;
    if (write === null) return { ...ready, round };
    const { writeOverlapping } = this.#hooks;
    if (writeOverlapping === null || write.snapshot !== null || this.#driverBatches.size > 0) {
      this.#driverBatches.add(write.batch);
      return { ...ready, round };
    }
    writeOverlapping(write, () => this.#core.persisted(write.batch));
    return { ...ready, round, write: null };
  }

  #noteLate({ leaseRound }: SoftState): number {
    if (leaseRound === this.#lateRound) return 0;
    this.#lateRound = leaseRound;
    return leaseRound;
  }

  persisted(batch: number): void {
    this.#driverBatches.delete(batch);
    this.#core.persisted(batch);
  }

  tick(): void {
    this.#core.tick();
  }

  step(message: Message): void {
    this.#core.step(message);
  }

  propose(commands: readonly Uint8Array[], waiting?: readonly NodeId[]): Proposed {
    return this.#core.propose(commands, waiting);
  }

  readIndex(context: number): Refusal | null {
    return this.#core.readIndex(context);
  }

  transferLeadership(to?: NodeId): boolean {
    return this.#core.transferLeadership(to);
  }

  campaign(): void {
    this.#core.campaign();
  }

  compact(snapshot: SnapshotMeta, keepEntries: number): void {
    this.#core.compact(snapshot, keepEntries);
  }

  snapshotSent(to: NodeId, delivered: boolean): void {
    this.#core.snapshotSent(to, delivered);
  }

  unreachable(peer: NodeId): void {
    this.#core.unreachable(peer);
  }

  clusterHoldsData(): void {
    this.#core.clusterHoldsData();
  }

  assertInvariants(): void {
    this.#core.assertInvariants();
  }

  inForce(index: number): void {
    this.#core.inForce(index);
  }

  get settledIndex(): number {
    return this.#core.settledIndex;
  }

  hasReady(): boolean {
    return this.#core.hasReady();
  }

  get holdsData(): boolean {
    return this.#core.holdsData;
  }

  get commitIndex(): number {
    return this.#core.commitIndex;
  }

  get soft(): SoftState {
    return this.#core.soft;
  }
}
