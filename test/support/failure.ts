/** The error of a promise that must reject. */

/** With a code, as errors of freno, Node and the drivers have. */
export interface CaughtFailure extends Error {
  readonly code?: string;
}

/** Rejects when the promise resolves. */
export async function failureOf(promise: Promise<unknown>): Promise<CaughtFailure> {
  let value: unknown;
  try {
    value = await promise;
  } catch (thrown) {
    if (thrown instanceof Error) return thrown;
    throw new TypeError(`rejected with ${String(thrown)}, which is not an Error`);
  }
  throw new Error(`expected a failure, got ${JSON.stringify(value)}`);
}
