/** What a promise that must fail fails with. */

/** As `FrenoError`, Node and the drivers have it. */
export interface CaughtFailure extends Error {
  readonly code?: string;
}

/** Rejects when the promise is kept. */
export async function failureOf(promise: Promise<unknown>): Promise<CaughtFailure> {
  let value: unknown;
  try {
    value = await promise;
  } catch (thrown) {
    if (thrown instanceof Error) return thrown;
    throw new TypeError(`rejected with ${String(thrown)}, which is no Error`);
  }
  throw new Error(`expected a failure, got ${JSON.stringify(value)}`);
}
