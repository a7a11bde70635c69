/** `freno why`: the reason for the answer that a check would get. */
import type { Explanation } from '../../client/index.js';
import type { CommandContext } from '../context.js';
import { CommandFailure, EXIT } from '../exit-codes.js';
import { printable } from '../output/printable.js';
import { exitCodeOf } from '../permission/answers.js';
import { type CheckOptions, clientFor, commandFailure } from '../permission/asking.js';
import { type CheckTarget, storeText } from '../target.js';

/** Resolves with the exit code of that check. */
export async function why(
  context: CommandContext,
  target: CheckTarget,
  options: CheckOptions,
): Promise<number> {
  const { output } = context;
  const explanation = await clientFor(context, target, options)
    .why()
    .catch((error: unknown) => {
      throw commandFailure(error);
    });
  if (explanation.status === 0) throw new CommandFailure(EXIT.unreachable, explanation.message);
  if (output.isJson) output.json(explanationJson(explanation));
  else output.lines(`${storeText(target.store)}: ${printable(explanation.text)}`);
  return exitCodeOf(explanation);
}

/** With the keys of freno's own answer. */
function explanationJson(explanation: Explanation): object {
  const { status, message, text, metric, host, since, rule, metrics, server } = explanation;
  return {
    StatusCode: status,
    Message: message,
    Why: text,
    Metric: metric,
    Host: host,
    Since: since,
    Rule: rule,
    Metrics: metrics,
    Server: server,
  };
}
