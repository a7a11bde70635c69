/** What must hold in every run, checked as things happen. Knows everything, changes nothing. */
import { decodeProposal } from '../../../../src/consensus/raft/codec/proposals.js';
import type { Entry, Message, NodeId } from '../../../../src/consensus/raft/core/types.js';
import { CommandLedger } from './command-ledger.js';
import type { SimulatedDisk } from './disk.js';
import { Witness } from './witness.js';

/** Right clocks drift by a hundredth, and the messages that carry their time may be late. */
const CLOCK_AHEAD_MAX_MS = 500;

export interface Violation {
  readonly invariant: string;
  readonly detail: string;
}

interface Known {
  readonly prevTerm: number;
  readonly data: Uint8Array;
}

interface Committed {
  readonly term: number;
  /** The term of the node that applied it first: it was committed in this term or before. */
  readonly byTerm: number;
  readonly data: Uint8Array;
}

export class Checker {
  violation: Violation | null = null;
  readonly #witnesses = new Map<NodeId, Witness>();
  readonly #leaders = new Map<number, NodeId>();
  /** Every entry ever seen, by `index:term`. */
  readonly #entries = new Map<string, Known>();
  /** By index. */
  readonly #committed: Committed[] = [];
  readonly #states = new Map<number, string>();
  readonly #commands = new CommandLedger((...required) => this.#require(...required));
  /** How many copies may be gone of an entry that a majority had: one node loses its disk. */
  #lostDisks = 0;

  constructor(disks: ReadonlyMap<NodeId, SimulatedDisk>) {
    for (const [id, disk] of disks) this.#witnesses.set(id, new Witness(disk));
  }

  violate(invariant: string, detail: string): void {
    this.violation ??= { invariant, detail };
  }

  #require(holds: boolean, invariant: string, detail: () => string): void {
    if (!holds) this.violate(invariant, detail());
  }

  #witness(id: NodeId): Witness {
    return this.#witnesses.get(id)!;
  }

  /** Commands acknowledged to clients. */
  get acknowledged(): number {
    return this.#commands.acknowledged;
  }

  /** The greatest index of a command that some client knows to have taken effect. */
  get acknowledgedIndex(): number {
    return this.#commands.acknowledgedIndex;
  }

  /** A node starts with what its disk holds. */
  started(id: NodeId): void {
    const witness = this.#witness(id);
    const { disk } = witness;
    const { term, vote } = disk.hardState;
    this.#require(
      term >= witness.highestTermSent,
      'a term never regresses across a restart',
      () => `${id} sent term ${witness.highestTermSent} and starts with ${term}`,
    );
    const sent = witness.votesSent.get(term);
    this.#require(
      sent === undefined || sent === vote,
      'a vote is never forgotten across a restart',
      () => `${id} voted for ${sent} in term ${term} and starts with ${vote}`,
    );
    witness.log = [...disk.entries];
    witness.logBase = disk.snapshotIndex;
    witness.logBaseTerm = disk.snapshot?.meta.term ?? 0;
    witness.applied = disk.snapshotIndex;
    witness.leaseUntilMs = 0;
  }

  /** Another, empty disk takes the place of its own: what it said before is forgotten. */
  diskLost(id: NodeId): void {
    const witness = this.#witness(id);
    witness.highestTermSent = 0;
    witness.votesSent.clear();
    // No other node may know that it was elected.
    for (const [term, leader] of this.#leaders) if (leader === id) this.#leaders.delete(term);
    this.#lostDisks = 1;
  }

  crashed(id: NodeId): void {
    this.#witness(id).leaseUntilMs = 0;
  }

  /** A message that others may act on has left. */
  sent(message: Message): void {
    const witness = this.#witness(message.from);
    const isForeseen = message.kind === 'preVote' || message.kind === 'preVoteResponse';
    if (!isForeseen) witness.highestTermSent = Math.max(witness.highestTermSent, message.term);
    if (message.kind === 'vote') this.#voted(witness, message.term, message.from, message.from);
    if (message.kind === 'voteResponse' && message.granted) {
      this.#voted(witness, message.term, message.from, message.to);
    }
  }

  #voted(witness: Witness, term: number, voter: NodeId, candidate: NodeId): void {
    const before = witness.votesSent.get(term) ?? candidate;
    this.#require(
      before === candidate,
      'one vote per term',
      () => `${voter} voted in term ${term} for ${before} and for ${candidate}`,
    );
    witness.votesSent.set(term, candidate);
  }

  /** The log continues behind a snapshot. */
  restored(id: NodeId, meta: { index: number; term: number }): void {
    const witness = this.#witness(id);
    this.#require(
      meta.index > witness.applied,
      'a snapshot never takes the state back',
      () => `${id} had applied ${witness.applied} and restores ${meta.index}`,
    );
    witness.log = [];
    witness.logBase = meta.index;
    witness.logBaseTerm = meta.term;
    witness.applied = meta.index;
  }

  /** Entries given to the disk, which replace all from the first on. */
  wrote(id: NodeId, entries: readonly Entry[]): void {
    const first = entries[0];
    if (first === undefined) return;
    const witness = this.#witness(id);
    this.#require(
      first.index > witness.applied,
      'what is committed is never cut off',
      () => `${id} had applied ${witness.applied} and overwrites from ${first.index} on`,
    );
    this.#require(
      first.index <= witness.lastIndex + 1,
      'a log has no gaps',
      () => `${id} has ${witness.lastIndex} and writes ${first.index}`,
    );
    witness.log.length = Math.max(0, first.index - witness.logBase - 1);
    for (const entry of entries) {
      this.#matches(id, entry, witness.termAt(entry.index - 1)!);
      witness.log.push(entry);
    }
  }

  /**
   * Log matching: by induction over the previous entry, equal index and term mean equal logs up to
   * there.
   */
  #matches(id: NodeId, { index, term, data }: Entry, prevTerm: number): void {
    const key = `${index}:${term}`;
    const known = this.#entries.get(key);
    if (known === undefined) {
      this.#entries.set(key, { prevTerm, data });
      return;
    }
    this.#require(
      known.prevTerm === prevTerm && Buffer.compare(known.data, data) === 0,
      'logs that share an entry share all before it',
      () => `${id} has another entry ${index}@${term}, or another before it`,
    );
  }

  /** `nowMs` is true time, as are all lease times here. */
  elected(id: NodeId, term: number, nowMs: number): void {
    const witness = this.#witness(id);
    const other = this.#leaders.get(term) ?? id;
    this.#require(
      other === id,
      'one leader per term',
      () => `${other} and ${id} both lead term ${term}`,
    );
    this.#leaders.set(term, id);
    witness.wonTerm = term;
    this.#isComplete(id, witness, term);
    for (const [otherId, { leaseUntilMs, wonTerm }] of this.#witnesses) {
      // A node that wins late, with votes of an earlier term, leads no other and gets no lease.
      this.#require(
        wonTerm >= term || leaseUntilMs <= nowMs,
        'no node leads while another holds a lease',
        () => `${id} won term ${term}, ${otherId} has a lease for ${leaseUntilMs - nowMs} ms more`,
      );
    }
  }

  /**
   * Leader completeness: a leader has all that was committed before its term. (It may win late,
   * when later leaders have committed more.)
   */
  #isComplete(id: NodeId, witness: Witness, term: number): void {
    for (let index = witness.logBase + 1; index < this.#committed.length; index++) {
      const committed = this.#committed[index]!;
      this.#require(
        committed.byTerm >= term || witness.termAt(index) === committed.term,
        'a leader has everything that was committed',
        () =>
          `${id} leads term ${term} with ${witness.termAt(index)} at ${index}, ` +
          `where ${committed.term} was committed`,
      );
    }
  }

  leaseExtended(id: NodeId, untilMs: number, nowMs: number): void {
    const witness = this.#witness(id);
    witness.leaseUntilMs = untilMs;
    if (untilMs <= nowMs) return;
    this.#isJudgedByAll(nowMs);
    for (const [otherId, other] of this.#witnesses) {
      if (otherId === id) continue;
      this.#require(
        other.leaseUntilMs <= nowMs,
        'one lease at a time',
        () => `${id} and ${otherId} both hold one`,
      );
      this.#require(
        other.wonTerm < witness.wonTerm,
        'no lease after another node has won a later term',
        () => `${id} extends the lease of term ${witness.wonTerm}, ${otherId} won ${other.wonTerm}`,
      );
    }
  }

  /**
   * A leader with a lease judges expiries by `unixMs`, where the true time is `trueUnixMs`. It may
   * be behind for a while.
   */
  judgesBy(id: NodeId, unixMs: number, trueUnixMs: number): void {
    const aheadMs = unixMs - trueUnixMs;
    this.#witness(id).judgesAheadMs = aheadMs;
    this.#require(
      aheadMs <= CLOCK_AHEAD_MAX_MS,
      'no entry is taken to be over before its time',
      () => `${id} takes it to be ${aheadMs} ms later than it is`,
    );
  }

  /**
   * Whether it follows the time of a majority, as a leader does from the first lease that all nodes
   * have confirmed.
   */
  judgesRightly(id: NodeId): boolean {
    return Math.abs(this.#witness(id).judgesAheadMs) <= CLOCK_AHEAD_MAX_MS;
  }

  holdsLease(id: NodeId, nowMs: number): boolean {
    return this.#witness(id).leaseUntilMs > nowMs;
  }

  leaseLost(id: NodeId): void {
    this.#witness(id).leaseUntilMs = 0;
  }

  /** A node, in this term, learns that entries are committed, and applies them. */
  applied(id: NodeId, term: number, entries: readonly Entry[]): void {
    const last = entries.at(-1);
    if (last === undefined) return;
    const witness = this.#witness(id);
    for (const entry of entries) {
      this.#require(
        entry.index === witness.applied + 1,
        'entries are applied in order, each once',
        () => `${id} had applied ${witness.applied} and applies ${entry.index}`,
      );
      witness.applied = entry.index;
      this.#agrees(id, term, entry);
    }
    this.#isDurableOnMajority(last, 'committed');
  }

  #agrees(id: NodeId, byTerm: number, { index, term, data }: Entry): void {
    const known = this.#committed[index];
    if (known !== undefined) {
      this.#require(
        known.term === term && Buffer.compare(known.data, data) === 0,
        'nodes apply the same entry at the same index',
        () => `${id} applies ${index}@${term}, another applied ${index}@${known.term}`,
      );
      return;
    }
    this.#committed[index] = { term, byTerm, data };
    if (data.length === 0) return;
    this.#commands.committed(index, decodeProposal(data).command);
  }

  #isDurableOnMajority({ index, term }: { index: number; term: number }, what: string): void {
    let copies = 0;
    for (const { disk } of this.#witnesses.values()) if (disk.holds(index, term)) copies++;
    this.#require(
      (copies + this.#lostDisks) * 2 > this.#witnesses.size,
      `what is ${what} is durable on a majority`,
      () => `${index}@${term} is on ${copies} of ${this.#witnesses.size} disks`,
    );
  }

  /** The state machine of a node is at `index` now. */
  state(id: NodeId, index: number, state: string): void {
    const known = this.#states.get(index);
    if (known === undefined) this.#states.set(index, state);
    this.#require(
      known === undefined || known === state,
      'equal index, equal state',
      () => `at ${index}, ${id} has another state than the first that came there`,
    );
  }

  /** `mustLastMs`: the true Unix time at which what is asked for ends. */
  clientSends(command: number, mustLastMs: number): void {
    this.#commands.sent(command, mustLastMs);
  }

  /** All threads of a node judge by the commands up to `index`. */
  inForce(id: NodeId, index: number): void {
    this.#witness(id).inForce = index;
  }

  /** A leader with a lease judges checks by all that any client knows of. */
  #isJudgedByAll(nowMs: number): void {
    for (const [id, { leaseUntilMs, inForce }] of this.#witnesses) {
      this.#require(
        leaseUntilMs <= nowMs || inForce >= this.acknowledgedIndex,
        'what is acknowledged is in force wherever checks are judged',
        () => `${id} holds a lease and judges by ${inForce} of ${this.acknowledgedIndex}`,
      );
    }
  }

  /** `nowMs` is true time. */
  clientLearns(command: number, nowMs: number): void {
    const index = this.#commands.learnt(command);
    if (index === undefined) return;
    this.#isDurableOnMajority({ index, term: this.#committed[index]!.term }, 'acknowledged');
    this.#isJudgedByAll(nowMs);
  }

  clientIsRefused(command: number): void {
    this.#commands.refused(command);
  }

  /** A read on this node has completed; `atLeast` was acknowledged before its request. */
  clientReads(id: NodeId, appliedIndex: number, atLeast: number): void {
    this.#require(
      appliedIndex >= atLeast,
      'a read sees all that was acknowledged before it',
      () => `${id} reads at ${appliedIndex}, ${atLeast} had been acknowledged`,
    );
  }
}
