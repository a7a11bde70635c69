/** What a leader knows about one follower, and how much it may send (dissertation 3.5, 10.2.1). */
import { invariant } from './errors.js';
import type { Rules } from './rules.js';
import type { NodeId } from './types.js';

/**
 * - `probe`: the last common entry is unknown; one append at a time, until there is a response to
 *   it or to a heartbeat.
 * - `replicate`: the logs agree; appends follow each other without waiting, within the limits on
 *   what is in flight.
 * - `snapshot`: the follower needs entries that are compacted away; nothing is sent until the
 *   snapshot has arrived or failed.
 */
export type ProgressMode = 'probe' | 'replicate' | 'snapshot';

interface Inflight {
  readonly lastIndex: number;
  readonly bytes: number;
}

export interface InflightLimits {
  readonly maxInflightAppends: number;
  readonly maxInflightBytes: number;
}

/**
 * Invariants: `0 <= match < next`; `match` falls only when the connection breaks, to 0; only
 * `replicate` has appends in flight; each of them ends behind `match`.
 */
export class Progress {
  readonly id: NodeId;
  /**
   * The follower's log is durable and equal to the leader's up to here, as far as its responses
   * over the present connection show.
   */
  #match = 0;
  /** The next entry to send. */
  #next: number;
  #mode: ProgressMode = 'probe';
  #probeSent = false;
  #inflight: Inflight[] = [];
  #inflightBytes = 0;
  #snapshotIndex = 0;
  readonly #limits: InflightLimits;
  readonly #rules: Rules;

  /** The follower was heard since the last check of the quorum. */
  active = false;
  #ackedRound = 0;
  #lockoutMs = 0;
  /** False while it joins after the loss of its disk: its copies do not count for commits. */
  counts = true;
  /** The commit index that was sent to it last. */
  commitSent = 0;
  /** A client of the follower waits for the commit of entries up to here. */
  commitAwaited = 0;

  constructor(id: NodeId, next: number, limits: InflightLimits, rules: Rules) {
    this.id = id;
    this.#next = next;
    this.#limits = limits;
    this.#rules = rules;
  }

  get match(): number {
    return this.#match;
  }

  get next(): number {
    return this.#next;
  }

  /** The latest round of heartbeats to which it responded. */
  get ackedRound(): number {
    return this.#ackedRound;
  }

  /** For how many milliseconds it grants no vote after that response. */
  get lockoutMs(): number {
    return this.#lockoutMs;
  }

  get mode(): ProgressMode {
    return this.#mode;
  }

  /** Whether an append with entries, or a probe, may go now. */
  get maySend(): boolean {
    if (this.#mode === 'snapshot') return false;
    if (this.#mode === 'probe') return !this.#probeSent;
    return (
      this.#inflight.length < this.#limits.maxInflightAppends &&
      this.#inflightBytes < this.#limits.maxInflightBytes
    );
  }

  /** An append with entries up to `lastIndex` (none: `next - 1`) is sent. */
  sent(lastIndex: number, bytes: number): void {
    invariant(this.#mode !== 'snapshot', 'nothing is sent beside a snapshot', lastIndex);
    invariant(lastIndex >= this.#next - 1, 'sending goes forward', lastIndex, this.#next);
    if (this.#mode === 'probe') {
      this.#probeSent = true;
      return;
    }
    if (lastIndex < this.#next) return;
    this.#inflight.push({ lastIndex, bytes });
    this.#inflightBytes += bytes;
    this.#next = lastIndex + 1;
    this.#check();
  }

  /** The follower has all entries up to `index`. True if that is new, or ends a probe. */
  acked(index: number): boolean {
    const before = this.#match;
    const news = index > before;
    this.#match = this.#rules.matchAfterResponse(before, index);
    invariant(this.#match >= before, 'a response lowers no match', this.#match, before);
    this.#next = Math.max(this.#next, this.#match + 1);
    this.#landUpTo(index);
    const probeEnds = this.#mode === 'probe' && (news || index === this.#match);
    const snapshotEnds = this.#mode === 'snapshot' && this.#match >= this.#snapshotIndex;
    if (probeEnds || snapshotEnds) this.#replicate();
    this.#check();
    return news || probeEnds || snapshotEnds;
  }

  /**
   * The follower rejected an append after `prevIndex`; the logs may agree at `agreeAtMost`. False
   * for a stale reject: `next` must never fall to `match` or below.
   */
  rejected(prevIndex: number, agreeAtMost: number): boolean {
    if (this.#mode === 'snapshot' || prevIndex <= this.#match) return false;
    if (this.#mode === 'replicate') {
      this.probe();
      return true;
    }
    if (prevIndex !== this.#next - 1) return false;
    this.#next = Math.max(Math.min(prevIndex, agreeAtMost + 1), this.#match + 1);
    this.#probeSent = false;
    this.#check();
    return true;
  }

  /**
   * There is a response to a heartbeat: a probe without a response is lost, so the next may be
   * sent.
   */
  heartbeatAcked(round: number, lockoutMs: number): void {
    this.#probeSent = false;
    if (round <= this.#ackedRound) return;
    this.#ackedRound = round;
    this.#lockoutMs = lockoutMs;
  }

  /** Back to where the logs are known to agree: what is in flight may be lost. */
  probe(): void {
    this.#enter('probe');
    this.#next = this.#match + 1;
    this.#probeSent = false;
    this.#check();
  }

  /**
   * The connection broke: messages in flight may be lost. A follower that comes back may have lost
   * its disk, and must not get commit indexes of entries that it does not hold; a follower that has
   * kept its log says so in its response to the first probe.
   */
  disconnected(): void {
    if (this.#mode === 'replicate') this.probe();
    this.#match = 0;
    this.#check();
  }

  sendSnapshot(index: number): void {
    invariant(index > this.#match, 'a follower gets no snapshot of what it has', index);
    this.#enter('snapshot');
    this.#snapshotIndex = index;
  }

  /**
   * The transfer of the snapshot has ended. The next response shows whether the follower installed
   * it.
   */
  snapshotEnded(delivered: boolean): void {
    if (this.#mode !== 'snapshot') return;
    const next = delivered ? Math.max(this.#match, this.#snapshotIndex) + 1 : this.#match + 1;
    this.#enter('probe');
    this.#next = next;
    this.#probeSent = true;
    this.#check();
  }

  #replicate(): void {
    this.#enter('replicate');
    this.#next = this.#match + 1;
  }

  #enter(mode: ProgressMode): void {
    this.#mode = mode;
    this.#inflight = [];
    this.#inflightBytes = 0;
    this.#probeSent = false;
  }

  #landUpTo(index: number): void {
    let landed = 0;
    for (; landed < this.#inflight.length; landed++) {
      const flight = this.#inflight[landed]!;
      if (flight.lastIndex > index) break;
      this.#inflightBytes -= flight.bytes;
    }
    if (landed > 0) this.#inflight.splice(0, landed);
  }

  /** Throws `RaftInvariantError`. */
  assertInvariants(): void {
    this.#check();
    let before = this.#match;
    let bytes = 0;
    for (const { lastIndex, bytes: size } of this.#inflight) {
      invariant(lastIndex > before, 'appends in flight are in order', lastIndex, before);
      before = lastIndex;
      bytes += size;
    }
    invariant(bytes === this.#inflightBytes, 'the size of what is in flight is exact', bytes);
  }

  #check(): void {
    const match = this.#match;
    const next = this.#next;
    const inflight = this.#inflight;
    invariant(match >= 0 && match < next, '0 <= match < next', match, next);
    invariant(inflight.length <= this.#limits.maxInflightAppends, 'appends in flight are bounded');
    const last = inflight.at(-1);
    if (last === undefined) {
      invariant(this.#inflightBytes === 0, 'no append in flight has no size', this.#inflightBytes);
      return;
    }
    invariant(this.#mode === 'replicate', 'only a follower that is replicated to has appends');
    invariant(inflight[0]!.lastIndex > match, 'appends in flight end behind match', match);
    invariant(last.lastIndex < next, 'what is in flight is before next', last.lastIndex, next);
  }
}
