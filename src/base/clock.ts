/** The clocks of freno: one monotonic clock that all threads share, and the wall clock. */
import { performance } from 'node:perf_hooks';

/**
 * `performance.now()` starts at zero in each thread; `process.hrtime()` does not, but allocates.
 * Both read CLOCK_MONOTONIC, so their difference is a constant of the thread.
 */
const threadOffsetMs = measureThreadOffsetMs();

/**
 * Milliseconds (fractional) of the system's monotonic clock: comparable between all threads of this
 * machine.
 */
export function monotonicMs(): number {
  return performance.now() + threadOffsetMs;
}

/**
 * Unix time in milliseconds at which the monotonic clock showed `atMs`. For display only: it moves
 * with the wall clock.
 */
export function monotonicToUnixMs(atMs: number): number {
  return Date.now() - (monotonicMs() - atMs);
}

/** After this, the difference of the two clocks is measured again. */
const WALL_CLOCK_AGE_MAX_MS = 100;

/**
 * Unix time for a caller that has just read the monotonic clock. It adds the difference of the two
 * clocks, which is measured only now and then, because reading both clocks each time costs twice
 * as much. When the wall clock is set, this follows within a tenth of a second.
 */
export class WallClock {
  #offsetMs = 0;
  #measuredAtMs = Number.NEGATIVE_INFINITY;

  /** In whole milliseconds. `nowMs`: the reading of `monotonicMs()` just taken. */
  unixMs(nowMs: number): number {
    if (nowMs - this.#measuredAtMs >= WALL_CLOCK_AGE_MAX_MS) {
      this.#offsetMs = Date.now() - nowMs;
      this.#measuredAtMs = nowMs;
    }
    return Math.round(nowMs + this.#offsetMs);
  }
}

/** The smallest of a few differences: a preemption between the two readings enlarges one. */
function measureThreadOffsetMs(): number {
  let smallest = Number.POSITIVE_INFINITY;
  for (let sample = 0; sample < 16; sample++) {
    const before = performance.now();
    const [seconds, nanoseconds] = process.hrtime();
    smallest = Math.min(smallest, seconds * 1e3 + nanoseconds / 1e6 - before);
  }
  return smallest;
}
