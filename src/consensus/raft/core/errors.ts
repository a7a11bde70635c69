/**
 * What the core throws: a broken setting, or a broken invariant. Everything expected is a value.
 */

export class RaftConfigError extends Error {
  override readonly name = 'RaftConfigError';
}

/**
 * A bug, here or in a peer, or a damaged disk. The core must not be used after it: end the process.
 */
export class RaftInvariantError extends Error {
  override readonly name = 'RaftInvariantError';
}

/**
 * Asserts what must hold. `claim` says it in words; numbers that explain a failure go to `detail`.
 */
export function invariant(
  holds: boolean,
  claim: string,
  ...detail: readonly number[]
): asserts holds {
  if (!holds) throw new RaftInvariantError(`broken: ${claim} (${detail.join(', ')})`);
}
