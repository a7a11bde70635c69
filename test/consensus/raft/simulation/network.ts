/** Links that lose, delay, duplicate and reorder, and break in every shape. */
import { decodeMessage, type PeerMessage } from '../../../../src/consensus/raft/codec/messages.js';
import type { NodeId } from '../../../../src/consensus/raft/core/types.js';
import type { SeededRandom } from '../../../support/random.js';
import type { FaultProfile } from './fault-profile.js';
import type { Schedule } from './schedule.js';

export interface Letter {
  readonly from: NodeId;
  readonly to: NodeId;
  readonly body: Uint8Array;
  readonly message: PeerMessage;
}

export interface NetworkHooks {
  readonly left: (letter: Letter) => void;
  readonly arrives: (letter: Letter) => void;
}

const partitionKinds = ['halves', 'oneWay', 'ring', 'bridge', 'alone', 'pair', 'pair'] as const;

export type PartitionKind = (typeof partitionKinds)[number];

export class Network {
  readonly #cuts = new Set<string>();
  /** By sender, and by direction: letters with an older number are lost. */
  readonly #epochs = new Map<string, number>();

  constructor(
    private readonly random: SeededRandom,
    private readonly schedule: Schedule,
    private readonly faults: () => FaultProfile,
    private readonly hooks: NetworkHooks,
    /** A mutant. */
    private readonly duplicatesForwards: boolean,
  ) {}

  /** False: not sent, and known so. */
  send(from: NodeId, to: NodeId, body: Uint8Array): boolean {
    const letter = { from, to, body, message: decodeMessage(body, from, to) };
    const { lossRate, duplicateRate } = this.faults();
    if (this.#isCut(from, to) && this.random.chance(0.3)) return false;
    this.hooks.left(letter);
    if (this.random.chance(lossRate)) return true;
    this.#carry(letter);
    // Connections do not duplicate; the core tolerates it, but the transport must not forward
    // a proposal twice.
    const mayDuplicate = letter.message.kind !== 'forward' || this.duplicatesForwards;
    if (mayDuplicate && this.random.chance(duplicateRate)) this.#carry(letter);
    return true;
  }

  #carry(letter: Letter): void {
    const { delayMinMs, delayMaxMs, stragglerRate, stragglerMs } = this.faults();
    const late = this.random.chance(stragglerRate) ? this.random.next() * stragglerMs : 0;
    const direction = `${letter.from}>${letter.to}`;
    const epoch = this.#epochs.get(letter.from) ?? 0;
    const connection = this.#epochs.get(direction) ?? 0;
    this.schedule.after(this.random.between(delayMinMs, delayMaxMs) + late, () => {
      if (epoch < (this.#epochs.get(letter.from) ?? 0)) return;
      if (connection < (this.#epochs.get(direction) ?? 0)) return;
      if (!this.#isCut(letter.from, letter.to)) this.hooks.arrives(letter);
    });
  }

  #isCut(from: NodeId, to: NodeId): boolean {
    return this.#cuts.has(`${from}>${to}`);
  }

  /** What this node has in flight is lost with its connections. */
  loseFrom(sender: string): void {
    this.#epochs.set(sender, (this.#epochs.get(sender) ?? 0) + 1);
  }

  /** What was sent in this direction so far, and has not arrived, is lost with its connection. */
  loseBetween(from: NodeId, to: NodeId): void {
    this.loseFrom(`${from}>${to}`);
  }

  heal(): void {
    this.#cuts.clear();
  }

  /**
   * Breaks some links. `target` is cut off by the kinds that single a node out. Returns what it
   * did, in words.
   */
  partition(ids: readonly NodeId[], target: NodeId, wanted?: PartitionKind): string {
    const kind = wanted ?? this.random.pick(partitionKinds);
    const others = this.random.shuffled(ids.filter((id) => id !== target));
    const shuffled = [target, ...others];
    const middle = 1 + this.random.below(shuffled.length - 1);
    const left = shuffled.slice(0, middle);
    const right = shuffled.slice(middle);
    if (kind === 'alone') this.#cutBoth([target], others);
    else if (kind === 'pair') this.#cutBoth([target], others.slice(0, 1));
    else if (kind === 'halves') this.#cutBoth(left, right);
    else if (kind === 'oneWay')
      this.random.chance(0.5) ? this.#cut(left, right) : this.#cut(right, left);
    else if (kind === 'bridge') this.#cutBoth(left.slice(1), right);
    else this.#keepRing(shuffled);
    return `${kind} ${left.join('')}|${right.join('')}`;
  }

  #cut(from: readonly NodeId[], to: readonly NodeId[]): void {
    for (const one of from) for (const other of to) this.#cuts.add(`${one}>${other}`);
  }

  #cutBoth(left: readonly NodeId[], right: readonly NodeId[]): void {
    this.#cut(left, right);
    this.#cut(right, left);
  }

  /** Each node keeps its links to two neighbours. */
  #keepRing(ids: readonly NodeId[]): void {
    ids.forEach((id, at) => {
      const distant = ids.filter((_, other) => {
        const distance = Math.abs(at - other);
        return distance > 1 && distance < ids.length - 1;
      });
      this.#cut([id], distant);
    });
  }
}
