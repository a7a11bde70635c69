/** `freno why`: the reason for the answer that a check would get. */
import type { Explanation } from '../../client/explanation.js';
import type { CommandContext } from '../context.js';
import { CommandFailure, EXIT } from '../exit-codes.js';
import type { Output } from '../output/output.js';
import { printable } from '../output/printable.js';
import { metricNumber, shortDuration } from '../output/quantities.js';
import { type Column, tableLines } from '../output/table.js';
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
  else output.lines(...explanationLines(output, target, explanation));
  return exitCodeOf(explanation);
}

/** The sentence, and each metric of a store in a table. */
function explanationLines(
  output: Output,
  { store }: CheckTarget,
  { text, metrics }: Explanation,
): string[] {
  const name = storeText(store);
  // A store or a metric that there is not is named in the sentence.
  const sentence = printable(text.includes(name) ? text : `${name}: ${text}`);
  if (metrics.length === 0) return [sentence];
  const rows = metrics.map((metric) => metricRow(output, metric));
  return [sentence, '', ...tableLines(METRIC_COLUMNS, rows)];
}

const METRIC_COLUMNS: readonly Column[] = [
  { title: 'METRIC' },
  { title: 'STATUS' },
  { title: 'VALUE', right: true },
  { title: 'THRESHOLD', right: true },
  { title: 'HOST' },
  { title: 'AGE', right: true },
  { title: 'MODE' },
];

function metricRow({ paint }: Output, metric: Explanation['metrics'][number]): string[] {
  const { StatusCode, Value, Threshold, AgeSeconds } = metric;
  const status = textOf(StatusCode);
  return [
    textOf(metric.Metric),
    StatusCode === 200 ? paint('good', status) : paint('bad', status),
    metricNumber(metric.Metric, Value),
    metricNumber(metric.Metric, Threshold),
    textOf(metric.Host),
    AgeSeconds === undefined ? '-' : shortDuration(Number(AgeSeconds) * 1_000),
    textOf(metric.Mode),
  ];
}

function textOf(value: unknown): string {
  return value === undefined || value === '' ? '-' : printable(String(value));
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
