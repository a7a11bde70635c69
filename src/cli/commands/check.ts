/** `freno check`: may the app write to the store now? */
import type { CommandContext } from '../context.js';
import { type CheckOptions, exitCodeOf, writeAnswer } from '../permission/check-request.js';
import { askOnce } from '../permission/wait.js';
import type { CheckTarget } from '../target.js';

/** Resolves with the exit code: 0 only for 200. */
export async function check(
  { servers, output }: CommandContext,
  target: CheckTarget,
  options: CheckOptions,
): Promise<number> {
  const outcome = await askOnce(servers, target, { check: options });
  if (outcome.kind === 'none') throw outcome.failure;
  writeAnswer(output, target, outcome.body);
  return exitCodeOf(outcome.body);
}
