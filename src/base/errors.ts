/**
 * Failures that a caller can act on: each has a stable code; the message names the cause (a key, a
 * host, a port) and what to do.
 */

export type ErrorCode =
  /** The configuration or the command line is wrong; the message names the key or flag. */
  | 'CONFIG'
  /** A resource is missing, taken or of another owner: a port, a directory, a database file. */
  | 'RESOURCE'
  /** The request of a client is malformed; nothing was changed. */
  | 'BAD_REQUEST'
  /** The request does not fit the state of the cluster; nothing was changed. */
  | 'CONFLICT'
  /** There is no leader now; nothing was changed. Try again. */
  | 'NO_LEADER'
  /** This cluster, or its backend, has not got what the command needs; nothing was changed. */
  | 'UNSUPPORTED'
  /** A bounded queue or table is full; nothing was changed. Try again later. */
  | 'OVERLOADED'
  /** It is unknown whether the change took effect. Commands are safe to repeat. */
  | 'OUTCOME_UNKNOWN'
  /** A list of hosts could not be read from its source. */
  | 'HOST_SOURCE'
  /** A peer or thread violated the protocol. */
  | 'PROTOCOL'
  /** A thread hangs that cannot be terminated alone: the process must be restarted. */
  | 'THREAD_HUNG';

export class FrenoError extends Error {
  override readonly name = 'FrenoError';

  constructor(
    readonly code: ErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The message of anything thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
