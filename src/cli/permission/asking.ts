/**
 * The client that programs use, asked by a command. It finds the leader, waits through a fail-over,
 * and knows a server that is no freno.
 */
import type { PermittedAnswer } from '../../client/answer.js';
import { FrenoClient } from '../../client/client.js';
import { type ClientErrorCode, FrenoClientError } from '../../client/errors.js';
import type { CheckEvent } from '../../client/events.js';
import type { FrenoClientOptions } from '../../client/options.js';
import type { CommandContext } from '../context.js';
import { CommandFailure, EXIT, type ExitCode, usageFailure } from '../exit-codes.js';
import { shortDuration } from '../output/quantities.js';
import { type CheckTarget, storeText } from '../target.js';
import { exitCodeOf } from './answers.js';

/** Options of the commands that ask for permission. */
export interface CheckOptions {
  /** Names with commas. */
  readonly metric?: string;
  readonly low?: boolean;
}

/** A client with one subject. */
export function clientFor(
  { servers: { urls, headers, fetch } }: Pick<CommandContext, 'servers'>,
  { app, store }: CheckTarget,
  { metric, low = false }: CheckOptions,
  hooks: Pick<FrenoClientOptions, 'onWaiting' | 'onCheck'> = {},
): FrenoClient {
  return new FrenoClient({
    servers: urls,
    fetch,
    headers,
    app,
    store: storeText(store),
    ...(low && { priority: 'low' as const }),
    metrics: metric === undefined ? [] : metric.split(','),
    ...hooks,
  });
}

/** The number of `--threshold`. Throws a usage failure. */
export function thresholdOf(text: string): number {
  const threshold = text.trim() === '' ? Number.NaN : Number(text);
  if (Math.abs(threshold) <= 1e15) return threshold;
  throw usageFailure(`--threshold: must be a number, got ${JSON.stringify(text)}`);
}

export interface WaitOptions {
  readonly check: CheckOptions;
  /** `Infinity`: as long as it takes. */
  readonly maxWaitMs: number;
  readonly signal?: AbortSignal;
}

/**
 * Resolves with the answer when the app may write. Rejects with a `CommandFailure` when the time is
 * over, or when waiting longer is of no use; with the reason of the signal when that aborts.
 */
export async function waitForPermission(
  context: CommandContext,
  target: CheckTarget,
  { check, maxWaitMs, signal }: WaitOptions,
): Promise<PermittedAnswer> {
  let latest: CheckEvent | null = null;
  const client = clientFor(context, target, check, {
    onCheck: (event) => {
      latest = event;
    },
    onWaiting: ({ waitedMs, because }) =>
      context.output.note(`still waiting after ${shortDuration(waitedMs)}: ${because}`),
  });
  try {
    const { answer } = await client.waitFor({ maxWaitMs, ...(signal && { signal }) });
    // Null would be a permission without freno, which only an option of the client allows.
    if (answer === null) throw new Error('a permission that no freno has given');
    return answer;
  } catch (error) {
    throw isTimeout(error) ? new WaitTimeout(latest, error.message) : commandFailure(error);
  }
}

/** No permission in time. */
export class WaitTimeout extends CommandFailure {
  /** `latest`: the last answer; it decides on the exit code. */
  constructor(latest: CheckEvent | null, message: string) {
    const { status = 0, reason = 'unreachable' } = latest ?? {};
    const isUnknown = reason === 'no-such-metric' ? 'No such metric' : '';
    super(exitCodeOf({ status, message: isUnknown }), message);
  }
}

const EXIT_CODES: Readonly<Partial<Record<ClientErrorCode, ExitCode>>> = {
  UNKNOWN_STORE: EXIT.unknownStore,
  NOT_FRENO: EXIT.notFreno,
  BAD_REQUEST: EXIT.usage,
  FORBIDDEN: EXIT.failed,
  UNREACHABLE: EXIT.unreachable,
};

/** A failure of the client as one of the command; any other error stays. */
export function commandFailure(error: unknown): unknown {
  if (!(error instanceof FrenoClientError)) return error;
  return new CommandFailure(EXIT_CODES[error.code] ?? EXIT.failed, error.message);
}

function isTimeout(error: unknown): error is FrenoClientError {
  return error instanceof FrenoClientError && error.code === 'WAIT_TIMEOUT';
}
