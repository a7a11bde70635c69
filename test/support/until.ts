/** Waiting for what no event announces, such as a condition of another process. */
import { setTimeout as delay } from 'node:timers/promises';

const PAUSE_MS = 2;
/**
 * A pause that took longer was a stall of this process or of the whole machine: nothing could be
 * seen in it, so it is no waiting.
 */
const PAUSE_COUNTED_MAX_MS = 50;
const PATIENCE_MS = 30_000;

type Sought<Found> = Found | undefined | false;

/**
 * Resolves with what `look` finds: looks again and again until that is neither undefined nor false.
 * Rejects after `patienceMs`, with what `describe` says then; the text of `look` unless given.
 */
export async function until<Found>(
  look: () => Sought<Found> | Promise<Sought<Found>>,
  patienceMs = PATIENCE_MS,
  describe: () => string = () => String(look),
): Promise<Found> {
  let waitedMs = 0;
  for (;;) {
    const lookedAtMs = performance.now();
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (waitedMs > patienceMs) throw new Error(`not within ${patienceMs} ms: ${describe()}`);
    const pausedAtMs = performance.now();
    await delay(PAUSE_MS);
    const pausedMs = Math.min(performance.now() - pausedAtMs, PAUSE_COUNTED_MAX_MS);
    waitedMs += pausedAtMs - lookedAtMs + pausedMs;
  }
}
