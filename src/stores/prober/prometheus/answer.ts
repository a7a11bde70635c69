/**
 * The answer of Prometheus to an instant query (Prometheus, "HTTP API", "Instant queries" and
 * "Expression query result formats"): one number, or one for each host.
 */
import { readNumber, type UnusableResult } from '../mysql/metric-value.js';

/** The label that names the host of a sample; Prometheus gives it to all that it scrapes. */
export const HOST_LABEL = 'instance';

export interface Sample {
  /** Value of the label; null: the sample has none. */
  readonly host: string | null;
  readonly value: number | UnusableResult;
}

const EXCERPT_CHARS_MAX = 200;

/** The samples of an answer: one without a host, or some, each with a host. */
export function readAnswer(body: string): readonly Sample[] | UnusableResult {
  const { status, error, data } = objectOf(parsed(body));
  if (status === 'error') return { reason: `error: ${excerpt(error)}` };
  const { resultType, result } = objectOf(data);
  if (status !== 'success' || typeof resultType !== 'string') {
    return { reason: 'the response is not an answer of Prometheus' };
  }
  switch (resultType) {
    case 'scalar':
      return [{ host: null, value: readValue(result) }];
    case 'vector':
      return Array.isArray(result) ? readVector(result) : readVector([]);
    default:
      return { reason: `the query yields a ${excerpt(resultType)}, not a number per host` };
  }
}

function readVector(elements: readonly unknown[]): readonly Sample[] | UnusableResult {
  if (elements.length === 0) return { reason: 'the query yields no samples' };
  const samples = elements.map((element): Sample => {
    const { metric, value } = objectOf(element);
    const host = objectOf(metric)[HOST_LABEL];
    return { host: typeof host === 'string' ? host : null, value: readValue(value) };
  });
  if (samples.length > 1 && samples.some(({ host }) => host === null)) {
    return {
      reason: `the query yields ${samples.length} samples, not all with the label "${HOST_LABEL}"`,
    };
  }
  return samples;
}

/** `[time, "value"]`. A histogram has none. */
function readValue(point: unknown): number | UnusableResult {
  const value: unknown = Array.isArray(point) ? point[1] : undefined;
  return typeof value === 'string' ? readNumber(value) : { reason: 'a sample has no number' };
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}

/** Without properties when it is no object. */
function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function excerpt(text: unknown): string {
  return String(text).slice(0, EXCERPT_CHARS_MAX);
}
