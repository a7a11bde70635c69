/** The session of a node distinguishes its runs in the requests that they forward. */

/**
 * Sessions are drawn from this many: half of the exact integers, so that a session's requests can
 * be counted on from its number.
 */
const SESSIONS = 2 ** 52;

/** The session of a new run of this node; `chance` is uniform in [0, 1). */
export function drawSession(chance: number): number {
  return 1 + Math.floor(chance * SESSIONS);
}
