/** Responses to checks, as a node sends them. */
import type { IncomingMessage, ServerResponse } from 'node:http';

export type Respond = (request: IncomingMessage, response: ServerResponse) => void;

export interface CheckBodyParts {
  readonly value?: number;
  readonly threshold?: number;
  readonly message?: string;
  readonly metric?: string;
}

const MESSAGES: Readonly<Record<number, string>> = { 200: '', 429: 'Threshold exceeded' };

export function checkBody(status: number, parts: CheckBodyParts = {}): string {
  const isMeasured = status === 200 || status === 429;
  const { value = isMeasured ? 0.43 : 0, threshold = 1, metric } = parts;
  const { message = MESSAGES[status] ?? '' } = parts;
  const body = { StatusCode: status, Value: value, Threshold: threshold, Message: message };
  return `${JSON.stringify(metric === undefined ? body : { ...body, Metric: metric })}\n`;
}

export function respondWith(status: number, body: string): Respond {
  return (_, response) => {
    response.writeHead(status).end(body);
  };
}

/** As releases that do not explain themselves. */
export function withoutWhy(respond: Respond): Respond {
  return (request, response) =>
    request.url!.startsWith('/why/')
      ? respondWith(404, '404 page not found\n')(request, response)
      : respond(request, response);
}
