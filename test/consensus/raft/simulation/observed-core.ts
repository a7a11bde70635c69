/**
 * Stands between driver and core: shows what passes, and can give writes to a disk that works on
 * several at once.
 */
import { majorityOf } from '../../../../src/consensus/raft/core/quorum.js';
import type {
  Message,
  NodeId,
  RaftCore,
  Ready,
  SoftState,
  Write,
} from '../../../../src/consensus/raft/core/types.js';
import { ForwardingCore } from './forwarding-core.js';

export interface CoreHooks {
  readonly nodes: number;
  readonly electionTicks: number;
  readonly saw: (ready: Ready) => void;
  /** Null: the driver's own queue writes, one write at a time. */
  readonly writeOverlapping: ((write: Write, done: () => void) => void) | null;
  /** A mutant: a round is noted when a majority has responded, not when it is sent. */
  readonly notesRoundsLate: boolean;
  /** It still leads, and has heard no majority for longer than check quorum allows. */
  readonly leadsWithoutQuorum: () => void;
}

export class ObservedCore extends ForwardingCore {
  readonly #hooks: CoreHooks;
  /**
   * Batches that the driver writes. While there are any, it gets all that follow, so that the disk
   * gets them in order.
   */
  readonly #driverBatches = new Set<number>();
  #lateRound = 0;
  #tick = 0;
  #ledTerm = 0;
  #electedTick = 0;
  /** By peer: the tick of its last response in the present leadership. */
  readonly #heardTicks = new Map<NodeId, number>();

  constructor(core: RaftCore, hooks: CoreHooks) {
    super(core);
    this.#hooks = hooks;
  }

  override ready(): Ready {
    const ready = this.core.ready();
    this.#hooks.saw(ready);
    const { write } = ready;
    const round = this.#hooks.notesRoundsLate ? this.#noteLate(ready.soft) : ready.round;
    if (write === null) return { ...ready, round };
    const { writeOverlapping } = this.#hooks;
    if (writeOverlapping === null || write.snapshot !== null || this.#driverBatches.size > 0) {
      this.#driverBatches.add(write.batch);
      return { ...ready, round };
    }
    writeOverlapping(write, () => this.core.persisted(write.batch));
    return { ...ready, round, write: null };
  }

  #noteLate({ leaseRound }: SoftState): number {
    if (leaseRound === this.#lateRound) return 0;
    this.#lateRound = leaseRound;
    return leaseRound;
  }

  override persisted(batch: number): void {
    this.#driverBatches.delete(batch);
    this.core.persisted(batch);
  }

  override step(message: Message): void {
    if (message.term === this.core.soft.term) this.#heardTicks.set(message.from, this.#tick);
    this.core.step(message);
  }

  override tick(): void {
    this.#tick++;
    this.core.tick();
    this.#checkQuorum();
  }

  /** Quorum is checked once in `electionTicks`, so up to twice as many may pass without one. */
  #checkQuorum(): void {
    const { role, term } = this.core.soft;
    if (role !== 'leader') return;
    if (term !== this.#ledTerm) {
      this.#ledTerm = term;
      this.#electedTick = this.#tick;
      this.#heardTicks.clear();
    }
    const { nodes, electionTicks, leadsWithoutQuorum } = this.#hooks;
    const sinceTick = this.#tick - 2 * electionTicks;
    if (this.#electedTick >= sinceTick) return;
    let heard = 1;
    for (const tick of this.#heardTicks.values()) if (tick >= sinceTick) heard++;
    if (heard < majorityOf(nodes)) leadsWithoutQuorum();
  }
}
