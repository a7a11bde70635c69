/** Failures that asking again does not mend: each has a code, and names the server or the store. */

export type ClientErrorCode =
  /** freno has no store of that name; the message has the nearest one where the server names it. */
  | 'UNKNOWN_STORE'
  /** The address belongs to another service. */
  | 'NOT_FRENO'
  /** freno refuses the request as malformed. */
  | 'BAD_REQUEST'
  /** freno does not know the token, or it may not check as this app on this store. */
  | 'FORBIDDEN'
  /** No permission within `maxWaitMs`. */
  | 'WAIT_TIMEOUT'
  /** No freno responds: for `unreachableAfterMs` with `whenUnreachable: 'reject'`. */
  | 'UNREACHABLE';

export class FrenoClientError extends Error {
  override readonly name = 'FrenoClientError';

  constructor(
    readonly code: ClientErrorCode,
    message: string,
  ) {
    super(message);
  }
}
