/** Where the readings of a metric come from. */
import type { MetricAssignment } from '../../contracts/stores.js';

export interface MetricFeed {
  /** Changed settings or hosts, of the same source. */
  apply(assignment: MetricAssignment, nowMs: number): void;
  /** The readings so far no longer count: reads again at once. */
  restart(nowMs: number): void;
  /** Reads from now on, or no more. */
  setProbing(isProbing: boolean, nowMs: number): void;
  /** Takes no reading to the metric any more. */
  close(): void;
}
