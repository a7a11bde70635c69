/**
 * What time it is for the entries of operators: the time that a majority of the nodes' clocks has
 * reached. One wrong clock, whoever leads, ends no entry early and keeps none for ever.
 */
import { reachedByMajority } from '../core/quorum.js';
import type { NodeId } from '../core/types.js';
import type { DriverEnvironment } from '../driver-types.js';

/**
 * Kept by a leader, from what its followers say with their answers to its heartbeats. While some
 * are silent the majority's time is known only between two bounds: expiries are judged by the
 * earlier one, and counted from the later one, so that an entry lasts longer rather than shorter.
 * When all are heard the two are one.
 */
export class ClusterClock {
  /**
   * By peer: its Unix time less `nowMs()` of this node. It goes on with this node's monotonic clock
   * while the peer is silent.
   */
  readonly #offsets = new Map<NodeId, number>();

  constructor(
    private readonly nodes: number,
    private readonly environment: Pick<DriverEnvironment, 'nowMs' | 'unixMs'>,
  ) {}

  /**
   * `unixMs` is what the clock of `peer` showed when it sent; 0: it did not say, and counts as this
   * node's own.
   */
  heard(peer: NodeId, unixMs: number): void {
    const offsetMs = unixMs === 0 ? this.#ownOffsetMs() : unixMs - this.environment.nowMs();
    this.#offsets.set(peer, offsetMs);
  }

  /** This node leads no more: by the time it leads again, clocks may have been set. */
  forget(): void {
    this.#offsets.clear();
  }

  /**
   * The Unix time, less `nowMs()`, that a majority has certainly reached; null while fewer than a
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
