/** Waiting for what no event announces, such as a condition of another process. */
import { setTimeout as delay } from 'node:timers/promises';

const PAUSE_MS = 2;

type Sought<Found> = Found | undefined | false;

/**
 * Resolves with what `look` finds: looks again and again until that is neither undefined nor false. Rejects after
 * `patienceMs`, with what `describe` says then; the text of `look` unless given.
 */
export async function until<Found>(
  look: () => Sought<Found> | Promise<Sought<Found>>,
  patienceMs = 10_000,
  describe: () => string = () => String(look),
): Promise<Found> {
  const deadlineMs = performance.now() + patienceMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > deadlineMs)
      throw new Error(`not within ${patienceMs} ms: ${describe()}`);
    await delay(PAUSE_MS);
  }
}
