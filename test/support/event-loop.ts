/** Waiting for the event loop, without a time. */

/**
 * Resolves after several turns of the event loop: messages that had arrived for this thread are
 * delivered, and so are those that their receivers sent on.
 */
export async function eventLoopTurns(count = 20): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise(setImmediate);
}
