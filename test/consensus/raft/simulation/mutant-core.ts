/**
 * A core with a planted bug: what goes in or comes out is changed as a wrong rule inside would
 * change it. For rules that `core/rules.ts` does not list.
 */
import type {
  Message,
  NodeId,
  Proposed,
  RaftCore,
  ReadGrant,
  Ready,
  Refusal,
  SoftState,
  Write,
} from '../../../../src/consensus/raft/core/types.js';
import { ForwardingCore } from './forwarding-core.js';

/** What a bug can see of the node that it is in. */
export interface MutantView {
  readonly id: NodeId;
  readonly soft: SoftState;
  readonly commitIndex: number;
  readonly peers: readonly NodeId[];
  /** The last round of heartbeats that it began. */
  readonly lastRound: number;
  /** The end of the log as handed to the disk. */
  readonly lastIndex: number;
  termAt(index: number): number | undefined;
}

export interface CoreBug {
  /** The messages that it takes this one for. */
  readonly receives?: (message: Message, view: MutantView) => readonly Message[];
  readonly sends?: (message: Message, view: MutantView) => Message;
  readonly writes?: (write: Write) => Write;
  /** Comes before each tick. */
  readonly ticks?: (view: MutantView) => readonly Message[];
  readonly readsWithoutRound?: boolean;
  readonly refusesWhatItAppended?: boolean;
  readonly settlesWhatIsCommitted?: boolean;
}

export class MutantCore extends ForwardingCore implements MutantView {
  #lastRound = 0;
  #lastIndex: number;
  readonly #terms = new Map<number, number>();
  #grants: ReadGrant[] = [];
  #proposals = 0;

  constructor(
    core: RaftCore,
    readonly id: NodeId,
    readonly peers: readonly NodeId[],
    stored: { readonly lastIndex: number },
    private readonly bug: CoreBug,
  ) {
    super(core);
    this.#lastIndex = stored.lastIndex;
  }

  get lastRound(): number {
    return this.#lastRound;
  }

  get lastIndex(): number {
    return this.#lastIndex;
  }

  termAt(index: number): number | undefined {
    return index <= this.#lastIndex ? this.#terms.get(index) : undefined;
  }

  override step(message: Message): void {
    const taken = this.bug.receives?.(message, this) ?? [message];
    for (const one of taken) this.core.step(one);
  }

  override tick(): void {
    for (const message of this.bug.ticks?.(this) ?? []) this.core.step(message);
    this.core.tick();
  }

  override propose(commands: readonly Uint8Array[], waiting?: readonly NodeId[]): Proposed {
    const proposed = this.core.propose(commands, waiting);
    const isRefused = this.bug.refusesWhatItAppended && ++this.#proposals % 5 === 0;
    return isRefused ? { accepted: false, refusal: 'overloaded' } : proposed;
  }

  override readIndex(context: number): Refusal | null {
    if (!this.bug.readsWithoutRound) return this.core.readIndex(context);
    if (this.core.soft.role !== 'leader') return 'notLeader';
    this.#grants.push({ context, index: this.core.commitIndex });
    return null;
  }

  override get settledIndex(): number {
    return this.bug.settlesWhatIsCommitted ? this.core.commitIndex : this.core.settledIndex;
  }

  override hasReady(): boolean {
    return this.#grants.length > 0 || this.core.hasReady();
  }

  override ready(): Ready {
    const ready = this.core.ready();
    if (ready.round > 0) this.#lastRound = ready.round;
    this.#remember(ready);
    const { sends, writes } = this.bug;
    const messages = sends ? ready.messages.map((one) => sends(one, this)) : ready.messages;
    const write = writes && ready.write ? writes(ready.write) : ready.write;
    const reads = [...ready.reads, ...this.#grants.splice(0)];
    return { ...ready, messages, write, reads };
  }

  #remember({ restore, write }: Ready): void {
    if (restore !== null) this.#lastIndex = restore.index;
    for (const { index, term } of write?.entries ?? []) {
      this.#terms.set(index, term);
      this.#lastIndex = index;
    }
  }
}
