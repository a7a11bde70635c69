/** The responses that endpoints share: what a status stands for, its content type and its body. */
import type { BodyName } from './bodies.js';

export const JSON_BODY = 'application/json';
export const PLAIN = 'text/plain; charset=utf-8';

export interface DescribedResponse {
  /** Under which the document has it. */
  readonly name: string;
  readonly description: string;
  /** One of them; empty: no content type is promised. */
  readonly contentTypes: readonly string[];
  /** Undefined: no body. */
  readonly body?: BodyName;
  /** A whole body. */
  readonly example?: unknown;
}

export type DescribedResponses = Readonly<Record<number, DescribedResponse>>;

export function json(
  name: string,
  description: string,
  body: BodyName,
  example?: unknown,
): DescribedResponse {
  return {
    ...{ name, description, contentTypes: [JSON_BODY], body },
    ...(example !== undefined && { example }),
  };
}

export function plain(name: string, description: string, example?: string): DescribedResponse {
  return {
    ...{ name, description, contentTypes: [PLAIN], body: 'Text' },
    ...(example !== undefined && { example }),
  };
}

export const BAD_REQUEST = json(
  'BadRequest',
  'Something in the request is wrong; nothing was changed.',
  'General',
  { StatusCode: 400, Message: 'ratio: a number from 0 to 1, got 2' },
);

/** Main does not answer in time, or too many requests wait for it. */
export const OVERLOADED = json(
  'Overloaded',
  'Too many requests wait, or the main thread does not respond in time.',
  'General',
);

export const NOT_FOUND = plain('NotFound', 'There is no such path.', '404 page not found\n');

export const NO_STORE = json('NoStore', 'The store is not configured.', 'General', {
  StatusCode: 404,
  Message: 'no such store: mysql/main2; did you mean mysql/main1?',
});

export const CROSS_SITE = json(
  'CrossSite',
  'A browser sent the request for another site; nothing was changed.',
  'General',
);

/** Of every command, but for the one that says what was done. */
export const REFUSED_COMMANDS = {
  403: CROSS_SITE,
  501: json(
    'Unsupported',
    'A node of an earlier release, or a missing table, cannot take the command; nothing was ' +
      'changed.',
    'General',
  ),
  503: json(
    'NoLeader',
    'There is no leader, or too many requests wait; nothing was changed.',
    'General',
    { StatusCode: 503, Message: 'there is no leader; nothing was changed, try again' },
  ),
  504: json(
    'Unknown',
    'The outcome is unknown: the command may still take effect. It is safe to repeat.',
    'General',
  ),
} as const satisfies DescribedResponses;

/** What each status of a check says, with the message that the body then has. */
const CHECKED = {
  200: ['The value is at or below the threshold, or the app is exempted: write.', ''],
  404: ['The store is unknown, this node does not lead, or has no value yet.', 'No such metric'],
  417: ['The app is throttled, its low priority denied, or no app is named.', 'App denied'],
  429: ['The value is above the threshold: wait.', 'Threshold exceeded'],
  500: ['A host cannot be read, or no host is left.', 'No hosts found'],
} as const;

const JUDGED = { 200: [0.43, 1], 404: [0, 0], 417: [0, 0], 429: [8.2, 1], 500: [0, 1] } as const;

/** Of an endpoint that answers as a check does. */
export function checkResponses(
  body: 'Check' | 'CheckAll' | 'Explanation',
): Record<keyof typeof CHECKED, DescribedResponse> {
  const statuses = [200, 404, 417, 429, 500] as const;
  const entries = statuses.map((status) => {
    const [description, Message] = CHECKED[status];
    const [Value, Threshold] = JUDGED[status];
    const example = body === 'Check' && { StatusCode: status, Value, Threshold, Message };
    return [status, json(`${body}${status}`, description, body, example || undefined)];
  });
  return Object.fromEntries(entries);
}
