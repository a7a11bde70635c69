/** `freno check`: may the app write to the store now? */
import type { CommandContext } from '../context.js';
import { CommandFailure, EXIT } from '../exit-codes.js';
import { exitCodeOf, writeAnswer } from '../permission/answers.js';
import { type CheckOptions, clientFor, commandFailure, thresholdOf } from '../permission/asking.js';
import type { CheckTarget } from '../target.js';

export interface CheckCommandOptions extends CheckOptions {
  /** A number: the app's own threshold. */
  readonly threshold?: string;
}

/** Resolves with the exit code: 0 only for 200. */
export async function check(
  context: CommandContext,
  target: CheckTarget,
  options: CheckCommandOptions,
): Promise<number> {
  const client = clientFor(context, target, options);
  const threshold = options.threshold === undefined ? null : thresholdOf(options.threshold);
  const asked = threshold === null ? client.check() : client.checkRead(threshold);
  const answer = await asked.catch((error: unknown) => {
    throw commandFailure(error);
  });
  if (answer.reason === 'unreachable') throw new CommandFailure(EXIT.unreachable, answer.message);
  // The answer itself does not say who denies the app, or what goes first.
  const isDenied = answer.reason === 'app-denied';
  const explanation = isDenied ? await client.why().catch(() => null) : null;
  const why = explanation?.status === answer.status ? explanation.text : null;
  writeAnswer(context.output, target.store, answer, why);
  return exitCodeOf(answer);
}
