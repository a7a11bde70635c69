/**
 * The time by which operators' entries expire: the time that a majority of the nodes' clocks has
 * reached. One wrong clock, also the leader's, ends no entry early and keeps none for ever.
 */
import { reachedByMajority } from '../core/quorum.js';
import type { NodeId } from '../core/types.js';
import type { DriverEnvironment } from '../driver-types.js';

/**
 * Maintained by a leader, from the responses of its followers to heartbeats. While some do not
 * respond, the majority's time is known only between two bounds: expiries are judged by the earlier
 * one, and counted from the later one, so that an entry lasts longer rather than shorter. Once all
 * respond, the two are equal.
 */
export class ClusterClock {
  /**
   * By peer: its Unix time minus `nowMs()` of this node. It advances with this node's monotonic
   * clock while the peer is silent.
   */
  readonly #offsets = new Map<NodeId, number>();

  constructor(
    private readonly nodes: number,
    private readonly environment: Pick<DriverEnvironment, 'nowMs' | 'unixMs'>,
  ) {}

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
