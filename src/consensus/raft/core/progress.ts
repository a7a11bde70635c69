/** What a leader knows of one follower, and how fast it may send. */
import { invariant } from './errors.js';
import type { NodeId } from './types.js';

/**
 * - `probe`: where the logs agree is not known; one append at a time, until it is answered or a
 *   heartbeat is.
 * - `replicate`: they agree; appends follow each other without waiting, within the bounds on what
 *   is in flight.
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
 * `replicate` has flights; each flight ends behind `match`.
 */
export class Progress {
  readonly id: NodeId;
  /**
   * The follower's log is durable and equal to the leader's up to here, as far as this leader was
   * told over a connection that stands.
   */
  #match = 0;
  /** The next entry to send. */
  #next: number;
  #mode: ProgressMode = 'probe';
  #probeSent = false;
  #flights: Inflight[] = [];
  #flightBytes = 0;
  #snapshotIndex = 0;
  readonly #limits: InflightLimits;

  /** It has been heard since the last check of the quorum. */
  active = false;
  #answeredRound = 0;
  #lockoutMs = 0;
  /** The commit index that it was last told. */
  commitTold = 0;
  /** It waits for the commit of entries up to here. */
  commitAwaited = 0;

  constructor(id: NodeId, next: number, limits: InflightLimits) {
    this.id = id;
    this.#next = next;
    this.#limits = limits;
  }

  get match(): number {
    return this.#match;
  }

  get next(): number {
    return this.#next;
  }

  /** The latest round of heartbeats that it answered. */
  get answeredRound(): number {
    return this.#answeredRound;
  }

  /** For how long it grants no vote after it answered that round. */
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
      this.#flights.length < this.#limits.maxInflightAppends &&
      this.#flightBytes < this.#limits.maxInflightBytes
    );
  }

  /** An append with entries up to `lastIndex` (none: `next - 1`) leaves. */
  sent(lastIndex: number, bytes: number): void {
    invariant(this.#mode !== 'snapshot', 'nothing is sent beside a snapshot', lastIndex);
    invariant(lastIndex >= this.#next - 1, 'sending goes forward', lastIndex, this.#next);
    if (this.#mode === 'probe') {
      this.#probeSent = true;
      return;
    }
    if (lastIndex < this.#next) return;
    this.#flights.push({ lastIndex, bytes });
    this.#flightBytes += bytes;
    this.#next = lastIndex + 1;
  }

  /** The follower has all up to `index`. True when this is news, or ends a probe. */
  accepted(index: number): boolean {
    const news = index > this.#match;
    if (news) this.#match = index;
    this.#next = Math.max(this.#next, this.#match + 1);
    this.#landUpTo(index);
    const probeEnds = this.#mode === 'probe' && (news || index === this.#match);
    const snapshotEnds = this.#mode === 'snapshot' && this.#match >= this.#snapshotIndex;
    if (probeEnds || snapshotEnds) this.#replicate();
    this.#check();
    return news || probeEnds || snapshotEnds;
  }

  /**
   * The follower refused an append behind `prevIndex`; the logs may agree at `agreeAtMost`. False
   * when the refusal is late: what it says has been overtaken, and `next` must not fall back to
   * `match` or below.
   */
  refused(prevIndex: number, agreeAtMost: number): boolean {
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

  /** A heartbeat was answered: a probe without an answer is lost, so the next may go. */
  answeredHeartbeat(round: number, lockoutMs: number): void {
    this.#probeSent = false;
    if (round <= this.#answeredRound) return;
    this.#answeredRound = round;
    this.#lockoutMs = lockoutMs;
  }

  /** Back to where the logs are known to agree: what is in flight may be lost. */
  probe(): void {
    this.#enter('probe');
    this.#next = this.#match + 1;
    this.#probeSent = false;
  }

  /**
   * The connection broke: what is in flight may be lost. Who comes back may have lost its disk, and
   * would be told of commits that it does not hold; a follower that has kept its log says so at the
   * first probe.
   */
  disconnected(): void {
    if (this.#mode === 'replicate') this.probe();
    this.#match = 0;
  }

  sendSnapshot(index: number): void {
    this.#enter('snapshot');
    this.#snapshotIndex = index;
  }

  /** The sending of the snapshot has ended. Whether the follower took it will show. */
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
    this.#flights = [];
    this.#flightBytes = 0;
    this.#probeSent = false;
  }

  #landUpTo(index: number): void {
    let landed = 0;
    for (; landed < this.#flights.length; landed++) {
      const flight = this.#flights[landed]!;
      if (flight.lastIndex > index) break;
      this.#flightBytes -= flight.bytes;
    }
    if (landed > 0) this.#flights.splice(0, landed);
  }

  #check(): void {
    invariant(
      this.#match >= 0 && this.#match < this.#next,
      '0 <= match < next',
      this.#match,
      this.#next,
    );
  }
}
