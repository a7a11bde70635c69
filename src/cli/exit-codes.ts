/**
 * Exit codes of the commands. Scripts rely on them: 0 means that a server has said yes, and nothing
 * else.
 */

export const EXIT = {
  /** The app may write; the command took effect; the list is complete. */
  ok: 0,
  /** No yes, for another reason than those below. */
  failed: 1,
  /** The command line is wrong. The service has the same code for it. */
  usage: 2,
  /** The app must wait: above the threshold (429), throttled or of low priority (417). */
  wait: 3,
  /** The store, or a metric of it, is not configured. */
  unknownStore: 4,
  /** No server responded. */
  unreachable: 5,
  /** A server responded that is no freno. */
  notFreno: 6,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/**
 * `freno run` exits with the code of its command. Its own failures have the codes of timeout(1) and
 * env(1), which few programs use.
 */
export const RUN_EXIT = {
  /** No permission within `--timeout`. */
  timedOut: 124,
  /** freno itself has failed. */
  failed: 125,
  /** The command was found and cannot be executed. */
  notExecutable: 126,
  /** The command was not found. */
  notFound: 127,
  /** Added to the number of the signal that ended the command. */
  signalBase: 128,
} as const;

/** A reader that closed the pipe: what a shell reports for a program that SIGPIPE has ended. */
export const PIPE_CLOSED_EXIT = 141;

/** Ends a command: the message goes to standard error, without a stack. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';

  constructor(
    readonly exitCode: number,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** A mistake in the command line. */
export function usageFailure(message: string): CommandFailure {
  return new CommandFailure(EXIT.usage, message);
}
