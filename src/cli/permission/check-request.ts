/** The request of a check, and what its response means for the app. */
import { CommandFailure, EXIT, type ExitCode, usageFailure } from '../exit-codes.js';
import type { Output } from '../output/output.js';
import { printable } from '../output/printable.js';
import { shortNumber } from '../output/quantities.js';
import { type StatusBody, statusBody } from '../servers/reply-body.js';
import { pathOf, type Reply, type ServerGroup, withParameters } from '../servers/server-group.js';
import { serverName } from '../servers/server-list.js';
import { type CheckTarget, storeText } from '../target.js';

/** Options of the commands that ask for permission. */
export interface CheckOptions {
  /** Names with commas. */
  readonly metric?: string;
  readonly low?: boolean;
  /** A decimal number: the app's own threshold. */
  readonly threshold?: string;
}

export interface CheckBody extends StatusBody {
  readonly Value: number;
  readonly Threshold: number;
  /** The metric that decided; absent for a store with one metric. */
  readonly Metric?: string;
}

/** Of a proxy that has no server for the request: freno answers these with a body of its own. */
const PROXY_STATUSES: ReadonlySet<number> = new Set([502, 503, 504]);

const DECIMAL = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i;

/** The path and query of the check. `waitSeconds`: how long the server may wait for a 200. */
export function checkPath(target: CheckTarget, options: CheckOptions, waitSeconds = 0): string {
  const { app, store } = target;
  const { threshold } = options;
  if (threshold !== undefined && !DECIMAL.test(threshold)) {
    throw usageFailure(`--threshold: must be a number, got ${JSON.stringify(threshold)}`);
  }
  const path =
    threshold === undefined
      ? pathOf('check', app, store.type, store.name)
      : pathOf('check-read', app, store.type, store.name, threshold);
  const wait = waitSeconds === 0 ? undefined : String(waitSeconds);
  return withParameters(path, { ...checkQuery(options), wait });
}

/** The parameters of the query of a check. */
export function checkQuery({ metric, low }: CheckOptions): Record<string, string | undefined> {
  return { metric, p: low === true ? 'low' : undefined };
}

/**
 * The body of the response to a check, whatever its status. Rejects with exit code 6 if the server
 * is no freno, and with 5 for a proxy without a server behind it.
 */
export async function checkBody(
  servers: ServerGroup,
  reply: Reply,
  name = '/check',
): Promise<CheckBody> {
  if (PROXY_STATUSES.has(reply.status)) {
    const text = `${serverName(reply.server)}: no freno behind it responds (${reply.status})`;
    throw new CommandFailure(EXIT.unreachable, text);
  }
  const body = await statusBody(servers, reply, { name });
  if (isCheckBody(body) || body.StatusCode !== 200) return body as CheckBody;
  // A 200 without a value is that of another server.
  throw new CommandFailure(
    EXIT.notFreno,
    `${serverName(reply.server)} is no freno: its answer to ${name} has no value`,
  );
}

/** The exit code that stands for the answer: 0 only for 200. */
export function exitCodeOf({ StatusCode, Message }: CheckBody): ExitCode {
  switch (StatusCode) {
    case 200:
      return EXIT.ok;
    case 400:
      return EXIT.usage;
    case 404:
      return Message.startsWith('No such metric') ? EXIT.unknownStore : EXIT.failed;
    case 417:
    case 429:
      return EXIT.wait;
    default:
      return EXIT.failed;
  }
}

/** Writes the answer: one line, or the body as it came. */
export function writeAnswer(output: Output, target: CheckTarget, body: CheckBody): void {
  if (output.isJson) output.json(body);
  else output.lines(`${storeText(target.store)}: ${answerText(output, body)}`);
}

/** `wait (429): Threshold exceeded, lag 8.2, threshold 1`. */
export function answerText({ paint }: Pick<Output, 'paint'>, body: CheckBody): string {
  const code = exitCodeOf(body);
  const { StatusCode, Message, Value, Threshold, Metric = 'value' } = body;
  const verdict =
    code === EXIT.ok
      ? paint('good', 'go on')
      : paint(code === EXIT.wait ? 'bad' : 'broken', VERDICTS[code] ?? 'wait');
  const isMeasured = StatusCode === 200 || StatusCode === 429;
  const details = [
    ...(Message === '' ? [] : [printable(Message)]),
    ...(isMeasured
      ? [`${printable(Metric)} ${shortNumber(Value)}, threshold ${shortNumber(Threshold)}`]
      : []),
  ];
  return `${verdict} (${StatusCode}): ${details.join(', ')}`;
}

const VERDICTS: Readonly<Partial<Record<ExitCode, string>>> = {
  [EXIT.unknownStore]: 'no such store',
  [EXIT.usage]: 'refused',
};

function isCheckBody(body: StatusBody): body is CheckBody {
  return typeof body.Value === 'number' && typeof body.Threshold === 'number';
}
