/** `freno wait`: resolves when the app may write to the store. */
import type { CommandContext } from '../context.js';
import { durationMs } from '../output/quantities.js';
import { type CheckOptions, exitCodeOf, writeAnswer } from '../permission/check-request.js';
import { waitingNotes } from '../permission/notes.js';
import { waitForPermission } from '../permission/wait.js';
import type { CheckTarget } from '../target.js';

export interface WaitCommandOptions extends CheckOptions {
  readonly timeout?: string;
}

/** Resolves with the exit code of the last answer: 0 only for 200. */
export async function wait(
  { servers, output }: CommandContext,
  target: CheckTarget,
  options: WaitCommandOptions,
): Promise<number> {
  const { timeout } = options;
  const outcome = await waitForPermission(servers, target, {
    check: options,
    timeoutMs: timeout === undefined ? null : durationMs('--timeout', timeout, 's'),
    stillWaiting: waitingNotes(output),
  });
  if (outcome.kind === 'none') throw outcome.failure;
  writeAnswer(output, target, outcome.body);
  return exitCodeOf(outcome.body);
}
