/** `freno wait`: ends when the app may write to the store. */
import type { CommandContext } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { timerMs } from '../output/quantities.js';
import { writeAnswer } from '../permission/answers.js';
import { type CheckOptions, waitForPermission } from '../permission/asking.js';
import type { CheckTarget } from '../target.js';

export interface WaitCommandOptions extends CheckOptions {
  readonly timeout?: string;
}

/** Resolves with 0, or rejects with the exit code of the last answer. */
export async function wait(
  context: CommandContext,
  target: CheckTarget,
  options: WaitCommandOptions,
): Promise<number> {
  const { timeout } = options;
  const answer = await waitForPermission(context, target, {
    check: options,
    maxWaitMs: timeout === undefined ? Infinity : timerMs('--timeout', timeout),
  });
  writeAnswer(context.output, target.store, answer);
  return EXIT.ok;
}
