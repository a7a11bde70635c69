/** Why an app may write, or must wait: freno's own explanation, or what an answer says. */
import { becauseOf, type CheckAnswer, jsonObject } from './answer.js';
import type { HttpReply } from './exchange.js';

export interface Explanation {
  readonly permitted: boolean;
  /** As a check would have it; 0: no freno responds. */
  readonly status: number;
  /** One plain sentence. */
  readonly text: string;
  readonly message: string;
  /** The metric that decided; null where freno does not say. So are the next three. */
  readonly metric: string | null;
  /** Whose value decided. */
  readonly host: string | null;
  /** Since when the answer would have been the same. */
  readonly since: Date | null;
  /** The throttle, exemption or threshold that decided, as freno has it. */
  readonly rule: Readonly<Record<string, unknown>> | null;
  /** Each metric of the store, as freno has it; empty where it does not say. */
  readonly metrics: readonly Readonly<Record<string, unknown>>[];
  readonly server: string | null;
}

/** Null when the response explains nothing. */
export function explanationOf(reply: HttpReply, server: string): Explanation | null {
  const body = jsonObject(reply);
  if (body === null || typeof body.Why !== 'string' || typeof body.StatusCode !== 'number') {
    return null;
  }
  return {
    permitted: body.StatusCode === 200,
    status: body.StatusCode,
    text: body.Why,
    message: textOf(body.Message) ?? '',
    metric: textOf(body.Metric),
    host: textOf(body.Host),
    since: dateOf(body.Since),
    rule: isRecord(body.Rule) ? body.Rule : null,
    metrics: Array.isArray(body.Metrics) ? body.Metrics.filter(isRecord) : [],
    server,
  };
}

/** For a server that does not explain itself. */
export function explanationFrom(answer: CheckAnswer): Explanation {
  const { permitted, status, message, metric, server } = answer;
  return {
    permitted,
    status,
    text: permitted ? 'passes' : `waits: ${becauseOf(answer)}`,
    message,
    metric,
    host: null,
    since: null,
    rule: null,
    metrics: [],
    server,
  };
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function dateOf(value: unknown): Date | null {
  const date = new Date(typeof value === 'string' ? value : Number.NaN);
  return Number.isNaN(date.getTime()) ? null : date;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
