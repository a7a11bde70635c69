/** A core that passes every call on to another: the base of those that look or change something. */
import type {
  Message,
  NodeId,
  Proposed,
  RaftCore,
  Ready,
  Refusal,
  SnapshotMeta,
  SoftState,
} from '../../../../src/consensus/raft/core/types.js';

export class ForwardingCore implements RaftCore {
  constructor(protected readonly core: RaftCore) {}

  tick(): void {
    this.core.tick();
  }

  step(message: Message): void {
    this.core.step(message);
  }

  propose(commands: readonly Uint8Array[], waiting?: readonly NodeId[]): Proposed {
    return this.core.propose(commands, waiting);
  }

  readIndex(context: number): Refusal | null {
    return this.core.readIndex(context);
  }

  transferLeadership(to?: NodeId): boolean {
    return this.core.transferLeadership(to);
  }

  campaign(): void {
    this.core.campaign();
  }

  persisted(batch: number): void {
    this.core.persisted(batch);
  }

  compact(snapshot: SnapshotMeta, keepEntries: number): void {
    this.core.compact(snapshot, keepEntries);
  }

  snapshotSent(to: NodeId, delivered: boolean): void {
    this.core.snapshotSent(to, delivered);
  }

  unreachable(peer: NodeId): void {
    this.core.unreachable(peer);
  }

  clusterHoldsData(): void {
    this.core.clusterHoldsData();
  }

  assertInvariants(): void {
    this.core.assertInvariants();
  }

  get holdsData(): boolean {
    return this.core.holdsData;
  }

  inForce(index: number): void {
    this.core.inForce(index);
  }

  get settledIndex(): number {
    return this.core.settledIndex;
  }

  hasReady(): boolean {
    return this.core.hasReady();
  }

  ready(): Ready {
    return this.core.ready();
  }

  get soft(): SoftState {
    return this.core.soft;
  }

  get commitIndex(): number {
    return this.core.commitIndex;
  }
}
