/**
 * The time by which operators' entries expire: the time that a majority of the nodes' clocks has
 * reached. One wrong clock, also the leader's, ends no entry early and keeps none for ever.
 */
import type { SentMessage } from '../codec/messages.js';
import { reachedByMajority } from '../core/quorum.js';
import type { Message, NodeId, SoftState } from '../core/types.js';
import type { DriverEnvironment } from '../driver-types.js';

/**
 * A leader states the time of the majority to its followers this often. In between they go on by
 * their monotonic clocks: so most heartbeats stay as short as they were.
 */
const STATE_INTERVAL_MS = 1000;

/**
 * Maintained by a leader, from the responses of its followers to heartbeats, and stated in its
 * heartbeats. While some do not respond, the majority's time is known only between two bounds:
 * expiries are judged by the earlier one, and counted from the later one, so that an entry lasts
 * longer rather than shorter. Once all respond, the two are equal.
 */
export class ClusterClock {
  /**
   * By peer: its Unix time minus `nowMs()` of this node. It advances with this node's monotonic
   * clock while the peer is silent.
   */
  readonly #offsets = new Map<NodeId, number>();
  /** The last round of heartbeats that stated the time, and `nowMs()` then. */
  #statedRound = 0;
  #statedAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly nodes: number,
    private readonly environment: Pick<DriverEnvironment, 'nowMs' | 'unixMs'>,
  ) {}

  /** Heartbeats and their responses get their time when they are sent. */
  timed(message: Exclude<Message, { kind: 'snapshot' }>): SentMessage {
    switch (message.kind) {
      case 'heartbeat':
        return { ...message, majorityUnixMs: this.statedUnixMs(message.round) };
      case 'heartbeatResponse':
        return { ...message, unixMs: this.environment.unixMs() };
      default:
        return message;
    }
  }

  /**
   * Takes the time of a message that the core has processed. Returns what a follower is to add to
   * `nowMs()` for the time of the majority; null: not stated. A message that was delayed makes it
   * too early, never too late: no entry ends before its time.
   */
  received(message: SentMessage, { role, leader, term }: SoftState): number | null {
    // A late response to an earlier leadership is not kept for the next one.
    if (message.kind === 'heartbeatResponse' && role === 'leader') {
      this.heard(message.from, message.unixMs);
    }
    if (message.kind !== 'heartbeat' || message.majorityUnixMs === 0) return null;
    // An earlier leader may be cut off from the majority since.
    if (message.from !== leader || message.term !== term) return null;
    return message.majorityUnixMs - this.environment.nowMs();
  }

  /**
   * `unixMs` is the clock of `peer` when it sent the response; 0: not stated, counts as this node's
   * own.
   */
  heard(peer: NodeId, unixMs: number): void {
    const offsetMs = unixMs === 0 ? this.#ownOffsetMs() : unixMs - this.environment.nowMs();
    this.#offsets.set(peer, offsetMs);
  }

  /** This node lost leadership: clocks may be set before it leads again. */
  forget(): void {
    this.#offsets.clear();
    this.#statedAtMs = Number.NEGATIVE_INFINITY;
  }

  /**
   * The Unix time that the heartbeats of `round` state to the followers: one that a majority has
   * certainly reached, in whole milliseconds. 0: they state none.
   */
  statedUnixMs(round: number): number {
    const nowMs = this.environment.nowMs();
    const isDue = round === this.#statedRound || nowMs - this.#statedAtMs >= STATE_INTERVAL_MS;
    const offsetMs = this.earliestOffsetMs();
    if (!isDue || offsetMs === null) return 0;
    this.#statedRound = round;
    this.#statedAtMs = nowMs;
    return Math.max(0, Math.floor(nowMs + offsetMs));
  }

  /**
   * The Unix time, minus `nowMs()`, that a majority has certainly reached; null while fewer than a
   * majority are known.
   */
  earliestOffsetMs(): number | null {
    return this.#reached(Number.NEGATIVE_INFINITY);
  }

  /**
   * The latest Unix time that a majority may have reached, in whole milliseconds; null as above.
   */
  latestUnixMs(): number | null {
    const offsetMs = this.#reached(Number.POSITIVE_INFINITY);
    return offsetMs === null ? null : Math.round(this.environment.nowMs() + offsetMs);
  }

  #reached(ofUnknown: number): number | null {
    const offsets = [this.#ownOffsetMs(), ...this.#offsets.values()];
    while (offsets.length < this.nodes) offsets.push(ofUnknown);
    const reached = reachedByMajority(offsets);
    return reached === ofUnknown ? null : reached;
  }

  #ownOffsetMs(): number {
    return this.environment.unixMs() - this.environment.nowMs();
  }
}
