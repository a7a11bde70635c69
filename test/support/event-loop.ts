/** Turns of the event loop, which measure no time. */

/**
 * Resolves when what had arrived for this thread is delivered, also to those who send on what they
 * get.
 */
export async function turns(count = 20): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise(setImmediate);
}
