/** The clocks of freno: one monotonic clock that all threads share, and the wall clock. */
import { performance } from 'node:perf_hooks';

/**
 * `performance.now()` starts at zero in each thread; `process.hrtime()` does not, but allocates.
 * Both read CLOCK_MONOTONIC, so their difference is a constant of the thread.
 */
const threadOffsetMs = measureThreadOffsetMs();

/** Milliseconds (fractional) of the system's monotonic clock: comparable between all threads of this machine. */
export function monotonicMs(): number {
  return performance.now() + threadOffsetMs;
}

/** Unix time in milliseconds at which the monotonic clock showed `atMs`. For display only: it moves with the wall clock. */
export function monotonicToUnixMs(atMs: number): number {
  return Date.now() - (monotonicMs() - atMs);
}

/** The smallest of a few differences: a preemption between the two readings only ever enlarges one. */
function measureThreadOffsetMs(): number {
  let smallest = Number.POSITIVE_INFINITY;
  for (let sample = 0; sample < 16; sample++) {
    const before = performance.now();
    const [seconds, nanoseconds] = process.hrtime();
    smallest = Math.min(smallest, seconds * 1e3 + nanoseconds / 1e6 - before);
  }
  return smallest;
}
