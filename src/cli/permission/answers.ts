/** What an answer to a check means for the app: an exit code, and a line of text. */
import type { CheckAnswer } from '../../client/answer.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import type { Output } from '../output/output.js';
import { printable } from '../output/printable.js';
import { metricNumber } from '../output/quantities.js';
import { type StoreName, storeText } from '../target.js';

/** 0 only for 200. */
export function exitCodeOf({ status, message }: Pick<CheckAnswer, 'status' | 'message'>): ExitCode {
  switch (status) {
    case 0:
      return EXIT.unreachable;
    case 200:
      return EXIT.ok;
    case 404:
      return message.startsWith('No such metric') ? EXIT.unknownStore : EXIT.failed;
    case 417:
    case 429:
      return EXIT.wait;
    default:
      return EXIT.failed;
  }
}

/**
 * Writes the answer: one line, or an object with the keys of freno's own. `why`: freno's
 * explanation, of an app that is denied.
 */
export function writeAnswer(
  output: Output,
  store: StoreName,
  answer: CheckAnswer,
  why: string | null = null,
): void {
  if (output.isJson) {
    output.json({ ...answerJson(answer), ...(why !== null && { Why: why }) });
    return;
  }
  const reason = why === null ? '' : `: ${printable(why.replace(/^denied: /, ''))}`;
  output.lines(`${storeText(store)}: ${answerText(output, answer)}${reason}`);
}

/** `wait (429): Threshold exceeded, lag 8.2, threshold 1`. */
export function answerText({ paint }: Pick<Output, 'paint'>, answer: CheckAnswer): string {
  const { status, message, value, threshold, metric } = answer;
  const code = exitCodeOf(answer);
  const verdict =
    code === EXIT.ok
      ? paint('good', 'go on')
      : paint(code === EXIT.wait ? 'bad' : 'broken', VERDICTS[code] ?? 'wait');
  const details = [
    ...(message === '' ? [] : [printable(message)]),
    ...(value === null ? [] : [`${printable(metric ?? 'value')} ${metricNumber(metric, value)}`]),
    ...(value === null || threshold === null
      ? []
      : [`threshold ${metricNumber(metric, threshold)}`]),
  ];
  return `${verdict} (${status}): ${details.join(', ')}`;
}

const VERDICTS: Readonly<Partial<Record<ExitCode, string>>> = {
  [EXIT.unknownStore]: 'no such store',
};

/** The answer with the keys of freno's own. */
export function answerJson(answer: CheckAnswer): object {
  const { status, value, threshold, message, metric, server } = answer;
  return {
    StatusCode: status,
    Value: value,
    Threshold: threshold,
    Message: message,
    ...(metric !== null && { Metric: metric }),
    Server: server,
  };
}
