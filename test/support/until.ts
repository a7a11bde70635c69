/** Waiting for what no event announces: a condition of another process. */
import { setTimeout as delay } from 'node:timers/promises';

const PAUSE_MS = 4;

/** Resolves with what `look` finds; rejects, naming `what`, after `patienceMs`. */
export async function until<Found>(
  what: string,
  look: () => Found | undefined | Promise<Found | undefined>,
  patienceMs = 10_000,
): Promise<Found> {
  const deadlineMs = performance.now() + patienceMs;
  while (performance.now() < deadlineMs) {
    const found = await look();
    if (found !== undefined) return found;
    await delay(PAUSE_MS);
  }
  throw new Error(`${what} did not come within ${patienceMs} ms`);
}
