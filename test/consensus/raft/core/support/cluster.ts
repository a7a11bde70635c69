/** A network of cores in memory, moved by hand: for scenarios of a few steps. */
import { defaultLimits, type RaftConfig } from '../../../../../src/consensus/raft/core/config.js';
import { Raft } from '../../../../../src/consensus/raft/core/raft.js';
import type {
  Entry,
  HardState,
  Message,
  NodeId,
  Proposed,
  Ready,
  SnapshotMeta,
  SoftState,
  Write,
} from '../../../../../src/consensus/raft/core/types.js';

/** What a node's disk holds at the start of a scenario. */
export interface CoreSetup {
  /** The terms of its entries, from index 1 on. */
  readonly log?: readonly number[];
  readonly term?: number;
  readonly vote?: NodeId;
  /** It began with an empty disk. */
  readonly joining?: boolean;
  /** It was alone until now. */
  readonly founding?: boolean;
  readonly lockoutMs?: number;
  readonly startTicks?: number;
}

interface Image {
  readonly meta: SnapshotMeta;
  readonly commands: readonly string[];
}

const noImage: Image = { meta: { index: 0, term: 0 }, commands: [] };
const encoder = new TextEncoder();
const decoder = new TextDecoder();

export class CoreNode {
  readonly id: NodeId;
  /** Decides its next election time-out: 0 the shortest, 0.99 the longest. */
  randomValue: number;
  core: Raft;
  /** All commands that the state machine has seen, in order. */
  commands: string[] = [];
  readonly reads: Array<{ context: number; index: number }> = [];
  readonly readsLost: number[] = [];
  /** Every soft state shown. */
  readonly history: SoftState[] = [];
  /** While true, writes queue up in `writes`. */
  diskHeld = false;
  /** While true, nothing that is applied comes into force: a reader thread is busy. */
  readersHeld = false;
  /** The last entry that was handed out to be applied. */
  appliedIndex = 0;
  writes: Write[] = [];
  hardState: HardState;
  joining: boolean;
  founding: boolean;
  entries: Entry[];
  image: Image = noImage;
  /** The image that came with the last snapshot message. */
  received: Image = noImage;
  readonly #config: RaftConfig;

  constructor(config: RaftConfig, setup: CoreSetup, randomValue: number) {
    this.id = config.id;
    this.randomValue = randomValue;
    this.#config = config;
    const log = setup.log ?? [];
    this.entries = log.map((term, at) => entry(at + 1, term, `${at + 1}@${term}`));
    this.joining = setup.joining ?? false;
    this.founding = setup.founding ?? false;
    this.hardState = { term: setup.term ?? log.at(-1) ?? 0, vote: setup.vote ?? null };
    this.core = this.#start();
  }

  #start(): Raft {
    const { hardState, joining, founding, entries } = this;
    const initial = { hardState, joining, founding, snapshot: this.image.meta, entries };
    return new Raft(this.#config, initial, () => this.randomValue);
  }

  /** Comes back with an empty disk. */
  loseDisk(): void {
    this.hardState = { term: 0, vote: null };
    this.joining = true;
    this.entries = [];
    this.image = noImage;
    this.restart();
  }

  /** Loses what is not on disk. */
  restart(): void {
    this.writes = [];
    this.commands = [...this.image.commands];
    this.appliedIndex = 0;
    this.core = this.#start();
  }

  /** All nodes wait for the commit. */
  propose(...commands: string[]): Proposed {
    return this.proposeFor(this.#config.nodes, ...commands);
  }

  /** Only those nodes wait for the commit. */
  proposeFor(waiting: readonly NodeId[], ...commands: string[]): Proposed {
    return this.core.propose(
      commands.map((command) => encoder.encode(command)),
      waiting,
    );
  }

  get role(): string {
    return this.core.soft.role;
  }

  get term(): number {
    return this.core.soft.term;
  }

  /** The terms of the entries on disk. */
  get terms(): number[] {
    return this.entries.map(({ term }) => term);
  }

  handle(ready: Ready): void {
    this.history.push(ready.soft);
    if (ready.write !== null) this.writes.push(ready.write);
    if (!this.diskHeld) this.finishWrites();
    if (ready.restore !== null) this.commands = [...this.received.commands];
    for (const { data } of ready.committed) {
      if (data.length > 0) this.commands.push(decoder.decode(data));
    }
    this.appliedIndex = ready.committed.at(-1)?.index ?? ready.restore?.index ?? this.appliedIndex;
    if (!this.readersHeld) this.bringInForce();
    this.reads.push(...ready.reads);
    this.readsLost.push(...ready.readsLost);
  }

  /** Every reader of the state has taken over what is applied. */
  bringInForce(): void {
    if (this.appliedIndex > 0) this.core.inForce(this.appliedIndex);
  }

  finishWrites(): void {
    for (let write = this.writes.shift(); write !== undefined; write = this.writes.shift()) {
      this.store(write);
      this.core.persisted(write.batch);
    }
  }

  store(write: Write): void {
    if (write.hardState !== null) this.hardState = write.hardState;
    if (write.joined) this.joining = false;
    if (write.formed) this.founding = false;
    if (write.snapshot !== null) {
      this.image = this.received;
      this.entries = [];
    }
    const [first] = write.entries;
    if (first !== undefined) this.entries = this.entries.filter(({ index }) => index < first.index);
    this.entries.push(...write.entries);
  }

  /** Takes a snapshot of all that is applied and drops the log behind it. */
  compact(index: number, keepEntries = 0): void {
    const last = this.entries.find((candidate) => candidate.index === index)!;
    const meta = { index, term: last.term };
    this.image = { meta, commands: [...this.commands] };
    this.core.compact(meta, keepEntries);
    this.entries = this.entries.filter((candidate) => candidate.index > index);
  }
}

export function entry(index: number, term: number, command = ''): Entry {
  return { index, term, data: encoder.encode(command) };
}

const STEPS_MAX = 100_000;

export class CoreCluster {
  readonly nodes: readonly CoreNode[];
  /** Every message that left a node, in order. */
  readonly sent: Message[] = [];
  /** Messages caught by `hold`. */
  held: Message[] = [];
  #queue: Message[] = [];
  readonly #cuts = new Set<string>();
  #holds: (message: Message) => boolean = () => false;

  /**
   * `setups`: how many nodes (`a`, `b`, ...), or what is on the disk of each. The first has the
   * shortest time-out. Every node is bound by its start for the first `electionTicks` ticks, unless
   * its setup says otherwise. A tick takes a millisecond.
   */
  constructor(setups: number | Record<NodeId, CoreSetup>, limits: Partial<RaftConfig> = {}) {
    const named = typeof setups === 'number' ? blank(setups) : setups;
    const ids = Object.keys(named);
    this.nodes = ids.map((id, at) => {
      const { electionTicks } = defaultLimits;
      const { lockoutMs = electionTicks - 1, startTicks = electionTicks } = named[id]!;
      const config = { ...defaultLimits, lockoutMs, startTicks, ...limits, id, nodes: ids };
      return new CoreNode(config, named[id]!, at / ids.length);
    });
  }

  node(id: NodeId): CoreNode {
    return this.nodes.find((node) => node.id === id)!;
  }

  get leaders(): string[] {
    return this.nodes.filter(({ role }) => role === 'leader').map(({ id }) => id);
  }

  /** Time passes on all nodes (or those named) alike; all messages arrive in between. */
  tick(ticks: number, ...ids: NodeId[]): this {
    for (let tick = 0; tick < ticks; tick++) {
      for (const node of this.nodes) {
        if (ids.length === 0 || ids.includes(node.id)) node.core.tick();
      }
      this.settle();
    }
    return this;
  }

  /** Handles everything until nothing is left to do. */
  settle(): this {
    for (let step = 0; step < STEPS_MAX; step++) {
      const busy = this.nodes.find((node) => node.core.hasReady());
      if (busy !== undefined) {
        this.#pump(busy);
        continue;
      }
      const message = this.#queue.shift();
      if (message === undefined) return this;
      this.deliver(message);
    }
    throw new Error('the cluster does not come to rest');
  }

  #pump(node: CoreNode): void {
    const ready = node.core.ready();
    node.handle(ready);
    for (const message of ready.messages) {
      this.sent.push(message);
      if (this.#isCut(message)) continue;
      if (this.#holds(message)) this.held.push(message);
      else this.#queue.push(message);
    }
  }

  deliver(message: Message): this {
    const target = this.node(message.to);
    if (message.kind !== 'snapshot') {
      target.core.step(message);
      return this;
    }
    const source = this.node(message.from);
    target.received = source.image;
    target.core.step({ ...message, meta: source.image.meta });
    source.core.snapshotSent(target.id, true);
    return this;
  }

  /** Messages for which `holds` is true wait in `held` from now on. */
  hold(holds: (message: Message) => boolean): this {
    this.#holds = holds;
    return this;
  }

  /** Delivers what was held, and holds no more. */
  release(): this {
    this.hold(() => false);
    this.#queue.push(...this.held.splice(0));
    return this.settle();
  }

  /** Drops all messages from one to another. */
  cut(from: NodeId, to: NodeId): this {
    this.#cuts.add(`${from}>${to}`);
    return this;
  }

  isolate(...ids: NodeId[]): this {
    for (const id of ids) {
      for (const other of this.nodes) this.cut(id, other.id).cut(other.id, id);
    }
    return this;
  }

  heal(): this {
    this.#cuts.clear();
    return this;
  }

  #isCut({ from, to }: Message): boolean {
    return this.#cuts.has(`${from}>${to}`);
  }

  /** Ticks until a node leads, and returns it. */
  elect(): CoreNode {
    for (let tick = 0; tick < 100; tick++) {
      const leader = this.nodes.find(({ role }) => role === 'leader');
      if (leader !== undefined) return leader;
      this.tick(1);
    }
    throw new Error('no node was elected');
  }

  propose(leader: CoreNode, ...commands: string[]): this {
    const proposed = leader.propose(...commands);
    if (!proposed.accepted) throw new Error(`refused: ${proposed.refusal}`);
    return this.settle();
  }

  /** What was sent of one kind. */
  sentOf<K extends Message['kind']>(kind: K): Array<Extract<Message, { kind: K }>> {
    return this.sent.filter(
      (message): message is Extract<Message, { kind: K }> => message.kind === kind,
    );
  }
}

function blank(count: number): Record<NodeId, CoreSetup> {
  return Object.fromEntries([...'abcdefg'].slice(0, count).map((id) => [id, {}]));
}
