/** Long messages of failures: the log of a process, a body of JSON. */

const LINES_MAX = 30;
const HEAD_LINES = 6;
const LINE_LENGTH_MAX = 400;

/**
 * The beginning and the end of a message: an assertion puts its own text first and what it expected
 * last, with the reason in either.
 */
export function shorten(message: string): string {
  const lines = message.split('\n').map(shortLine);
  if (lines.length <= LINES_MAX) return lines.join('\n');
  const tail = LINES_MAX - HEAD_LINES;
  const left = lines.length - LINES_MAX;
  return [...lines.slice(0, HEAD_LINES), `… ${left} lines …`, ...lines.slice(-tail)].join('\n');
}

function shortLine(line: string): string {
  if (line.length <= LINE_LENGTH_MAX) return line;
  const half = LINE_LENGTH_MAX / 2;
  return `${line.slice(0, half)} … ${line.slice(-half)}`;
}
