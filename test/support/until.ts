/** Polling for a condition that no event announces, such as one of another process. */
import { setTimeout as delay } from 'node:timers/promises';

const PAUSE_MS = 2;
/**
 * A longer pause was a stall of this process or of the machine. It does not count as waiting: the
 * condition had no time to come true.
 */
const PAUSE_COUNTED_MAX_MS = 50;
const TIMEOUT_MS = 30_000;

type Polled<Found> = Found | undefined | false;

/**
 * Polls `look` until its result is neither undefined nor false, and resolves with it. Rejects after
 * `timeoutMs` with the text of `describe`, by default the source of `look`.
 */
export async function until<Found>(
  look: () => Polled<Found> | Promise<Polled<Found>>,
  timeoutMs = TIMEOUT_MS,
  describe: () => string = () => String(look),
): Promise<Found> {
  let waitedMs = 0;
  for (;;) {
    const lookedAtMs = performance.now();
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (waitedMs > timeoutMs) throw new Error(`not within ${timeoutMs} ms: ${describe()}`);
    const pausedAtMs = performance.now();
    await delay(PAUSE_MS);
    const pausedMs = Math.min(performance.now() - pausedAtMs, PAUSE_COUNTED_MAX_MS);
    waitedMs += pausedAtMs - lookedAtMs + pausedMs;
  }
}
