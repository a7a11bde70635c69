/**
 * The answer to a check, from the response of a server: which may be a leader, another node, a
 * balancer without a node, or no freno at all. Only a whole body of freno's own is ever a yes.
 */
import type { ClientErrorCode } from './errors.js';
import type { HttpReply } from './exchange.js';

/** Why a caller must wait. */
export type RefusalReason =
  /** 417: an operator throttles the app, or apps of normal priority go first. */
  | 'app-denied'
  /** 429: a metric is above its threshold. */
  | 'threshold-exceeded'
  /** 500: a host cannot be read, or there is none. */
  | 'metric-error'
  /** 404: the leader has measured nothing yet. */
  | 'no-metric-yet'
  /** 404: of the nodes that respond none leads. */
  | 'not-leader'
  /** 404 of a release that has one text for the two above and for a store that it does not have. */
  | 'no-such-metric'
  /** No freno responds. */
  | 'unreachable';

export type CheckReason = 'permitted' | RefusalReason;

interface AnswerDetails {
  /** freno's own words, or why there is no response. */
  readonly message: string;
  /** The metric that decided, of a store that has several; otherwise null. */
  readonly metric: string | null;
  /** The server that answered; null: none did. */
  readonly server: string | null;
}

export interface PermittedAnswer extends AnswerDetails {
  readonly permitted: true;
  readonly reason: 'permitted';
  readonly status: 200;
  /** In the unit of the metric: seconds of lag, unless the store is configured otherwise. */
  readonly value: number;
  readonly threshold: number;
}

export interface RefusedAnswer extends AnswerDetails {
  readonly permitted: false;
  readonly reason: RefusalReason;
  /** 0: no response. */
  readonly status: number;
  /** Null: the answer has none. */
  readonly value: number | null;
  readonly threshold: number | null;
}

export type CheckAnswer = PermittedAnswer | RefusedAnswer;

/** What a response is worth. */
export type ServerVerdict =
  /** Of a node that judges the store. */
  | { readonly kind: 'answered'; readonly answer: CheckAnswer }
  /** Of a node that does not: another may. */
  | { readonly kind: 'elsewhere'; readonly answer: RefusedAnswer }
  /** No answer of freno, and perhaps one later. */
  | { readonly kind: 'unavailable'; readonly text: string }
  /** Never an answer of freno. */
  | { readonly kind: 'foreign'; readonly text: string }
  /** freno refuses the request: repeating it is of no use. */
  | { readonly kind: 'refused'; readonly code: ClientErrorCode; readonly text: string };

/** Statuses by which a balancer, or a proxy that limits rates, says: not now. */
const NOT_NOW = new Set([408, 425, 429, 502, 503, 504]);

/** The messages of a 404 to a check. */
const NOT_MEASURED: Readonly<Record<string, RefusalReason>> = {
  'Not the leader': 'not-leader',
  'No metric yet': 'no-metric-yet',
  'No such metric': 'no-such-metric',
};

const MESSAGE_LENGTH_MAX = 1_000;

export function verdictOf(reply: HttpReply, server: string): ServerVerdict {
  const { status } = reply;
  const body = checkBody(reply);
  if (body !== null && status === 200) return { kind: 'answered', answer: yesOf(body, server) };
  const reason = refusalReason(reply, body);
  if (body !== null && reason !== null) {
    const answer = refusalOf(reason, body, server);
    const isElsewhere = reason === 'not-leader' || reason === 'no-such-metric';
    return isElsewhere ? { kind: 'elsewhere', answer } : { kind: 'answered', answer };
  }
  const message = failureMessage(reply);
  if (status === 400 && message !== null) {
    return { kind: 'refused', code: 'BAD_REQUEST', text: message };
  }
  if ((status === 401 || status === 403) && message !== null) {
    return { kind: 'refused', code: 'FORBIDDEN', text: message };
  }
  // Only a metric that the request names has a text of its own.
  if (body !== null && status === 404) {
    return { kind: 'refused', code: 'UNKNOWN_STORE', text: body.Message };
  }
  const text = `HTTP status ${status}${message === null ? '' : `: ${message}`}`;
  if (status >= 500 || NOT_NOW.has(status)) return { kind: 'unavailable', text };
  return { kind: 'foreign', text: redirectText(reply) ?? text };
}

/** The answer when no server gives one. */
export function unreachable(message: string): RefusedAnswer {
  return {
    permitted: false,
    reason: 'unreachable',
    status: 0,
    value: null,
    threshold: null,
    message,
    metric: null,
    server: null,
  };
}

/** Why the answer is not a yes, for a log. */
export function becauseOf({
  reason,
  status,
  value,
  threshold,
  message,
  metric,
}: CheckAnswer): string {
  const where = metric === null ? '' : ` (${metric})`;
  if (reason === 'threshold-exceeded')
    return `${value} is above the threshold ${threshold}${where}`;
  if (reason === 'unreachable') return `freno is unreachable: ${message}`;
  return `freno answers ${status}: ${message}${where}`;
}

interface CheckBody {
  readonly StatusCode: number;
  readonly Value: number;
  readonly Threshold: number;
  readonly Message: string;
  readonly Metric?: unknown;
}

function yesOf(body: CheckBody, server: string): PermittedAnswer {
  return {
    permitted: true,
    reason: 'permitted',
    status: 200,
    value: body.Value,
    threshold: body.Threshold,
    ...detailsOf(body, server),
  };
}

/** freno answers 0 where there is no value, and no threshold. */
function refusalOf(reason: RefusalReason, body: CheckBody, server: string): RefusedAnswer {
  const { StatusCode: status, Value: value, Threshold: threshold } = body;
  const isMeasured = reason === 'threshold-exceeded';
  return {
    permitted: false,
    reason,
    status,
    value: isMeasured ? value : null,
    threshold: isMeasured || threshold !== 0 ? threshold : null,
    ...detailsOf(body, server),
  };
}

function detailsOf({ Message, Metric }: CheckBody, server: string): AnswerDetails {
  const metric = typeof Metric === 'string' ? Metric : null;
  return { message: Message.slice(0, MESSAGE_LENGTH_MAX), metric, server };
}

function refusalReason({ status }: HttpReply, body: CheckBody | null): RefusalReason | null {
  switch (status) {
    case 404:
      return NOT_MEASURED[body?.Message ?? ''] ?? null;
    case 417:
      return 'app-denied';
    case 429:
      return 'threshold-exceeded';
    case 500:
      return 'metric-error';
    default:
      return null;
  }
}

/** The body of an answer to a check; null if the response is none. */
function checkBody(reply: HttpReply): CheckBody | null {
  const body = jsonObject(reply);
  const isCheck =
    body !== null &&
    body.StatusCode === reply.status &&
    Number.isFinite(body.Value) &&
    Number.isFinite(body.Threshold) &&
    typeof body.Message === 'string';
  return isCheck ? (body as unknown as CheckBody) : null;
}

/** The text of freno's failures that are no answers to a check. */
function failureMessage(reply: HttpReply): string | null {
  const body = jsonObject(reply);
  return body?.StatusCode === reply.status && typeof body.Message === 'string'
    ? body.Message.slice(0, MESSAGE_LENGTH_MAX)
    : null;
}

export function jsonObject({ body }: HttpReply): Readonly<Record<string, unknown>> | null {
  if (body === null) return null;
  try {
    const parsed: unknown = JSON.parse(body);
    const isObject = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed);
    return isObject ? (parsed as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

function redirectText({ status, isRedirect, location }: HttpReply): string | null {
  if (!isRedirect) return null;
  return `HTTP status ${status}, a redirect${location === null ? '' : ` to ${location}`}`;
}
