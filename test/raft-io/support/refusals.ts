/** What a promise was rejected with. */
import { FrenoError, messageOf } from '../../../src/base/errors.js';

/** Code (of a `FrenoError`, else the name) and message; throws when the promise is fulfilled. */
export async function refusalOf(
  attempt: Promise<unknown>,
): Promise<[code: string, message: string]> {
  try {
    await attempt;
  } catch (error) {
    return [error instanceof FrenoError ? error.code : 'other', messageOf(error)];
  }
  throw new Error('was not refused');
}
