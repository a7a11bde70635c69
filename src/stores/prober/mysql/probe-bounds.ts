/** The bounds of a probe: time-outs, pauses, and what it reads at once. */
import { VALUE_MAX_AGE_MS } from '../../../base/limits.js';

/** Longest time for a TCP connection, for the greeting and login, and for a result. */
export const PROBE_TIMEOUT_MS = 1_000;

/**
 * After a failed attempt the next one waits as long as the attempt took, and at least the pause of
 * the backoff: a dead host costs no more than a live one. A failed login costs both sides a
 * multiple of a refused connection, so its pauses grow further.
 *
 * Many probes share a phase of the scheduler: hosts that failed together would be tried together
 * again and again, and their answers would hold those of healthy hosts up. The jitter spreads them
 * over the phases; no pause becomes longer by it.
 */
const PAUSE_AFTER_DIAL_MAX_MS = 200;
const PAUSE_AFTER_LOGIN_MAX_MS = 1_000;
export const BACKOFF = { firstMs: 50, maxMs: PAUSE_AFTER_LOGIN_MAX_MS, jitter: 0.5 } as const;

/** The longest pause after a failed attempt. */
export function pauseMaxMs(wasDialing: boolean): number {
  return wasDialing ? PAUSE_AFTER_DIAL_MAX_MS : PAUSE_AFTER_LOGIN_MAX_MS;
}

/**
 * A login that is not answered is given up after this time. Meanwhile TCP asks whether the server's
 * machine still knows the connection: after this time, and each second, ten times.
 */
export const LOGIN_MAX_MS = 30 * 60_000;
export const KEEP_ALIVE_AFTER_MS = 1_000;

/** A pause ends this much later, and a result may arrive this much later, than it could. */
const TICK_MS = 100;

/** Holds any result that is a number; a longer one is read in several pieces. */
export const READ_BYTES = 2048;

/**
 * A metric that lacks a privilege, on a connection that others use too: a grant that is given later
 * may count for new connections only, so after this time a new one is made for it.
 */
export const GRANT_RETRY_MS = 3_000;

/**
 * The pause of a query that took that long, on a connection that others use too: it leaves them as
 * much time as it takes, unless its value would expire before the next one.
 */
export function pauseAfterMs(tookMs: number): number {
  return Math.min(tookMs, VALUE_MAX_AGE_MS - TICK_MS - 2 * tookMs);
}
