/** Requests to the node that serves the page. */

/** After so long a node that is asked for a report is silent. */
const REPORT_TIMEOUT_MS = 5_000;

/** A command waits up to ten seconds for the other nodes. */
const COMMAND_TIMEOUT_MS = 15_000;

/** What a node answers to a command. */
export interface CommandAnswer {
  readonly isDone: boolean;
  readonly text: string;
}

/** In memory alone: never in storage, a cookie or the address. Empty: none. */
let token = '';

/** The token of the requests from now on. */
export function useToken(text: string): void {
  token = text;
}

export function hasToken(): boolean {
  return token !== '';
}

/** The headers by which the node knows the caller. */
export function authorization(): Readonly<Record<string, string>> {
  // Other characters cannot stand in a header: such a token is unknown anyway.
  return token === '' ? {} : { Authorization: `Bearer ${encodeURI(token)}` };
}

/** The JSON of a report; null when the node does not give it. */
export async function report<Report>(path: string): Promise<Report | null> {
  const { body } = await answerTo<Report>(path);
  return body;
}

/** With the status of the node, 0: it did not answer. */
export async function answerTo<Report>(
  path: string,
): Promise<{ readonly status: number; readonly body: Report | null }> {
  try {
    const signal = AbortSignal.timeout(REPORT_TIMEOUT_MS);
    const response = await fetch(path, { headers: authorization(), cache: 'no-store', signal });
    const { status, ok } = response;
    return { status, body: ok ? ((await response.json()) as Report) : null };
  } catch {
    return { status: 0, body: null };
  }
}

/** Sends a command. Does not reject: what went wrong is an answer too. */
export async function command(path: string): Promise<CommandAnswer> {
  try {
    const signal = AbortSignal.timeout(COMMAND_TIMEOUT_MS);
    const headers = authorization();
    const response = await fetch(path, { method: 'POST', headers, cache: 'no-store', signal });
    const text = await response.text();
    return { isDone: response.ok, text: `${response.status} ${messageIn(text)}` };
  } catch {
    return {
      isDone: false,
      text: 'No answer: the command may have taken effect. All commands are safe to repeat.',
    };
  }
}

/** A path of segments, each encoded, with the queries that are not empty. */
export function pathOf(
  segments: readonly string[],
  queries: Readonly<Record<string, string>> = {},
): string {
  const given = Object.entries(queries).filter(([, value]) => value !== '');
  const query = new URLSearchParams(given).toString();
  const path = `/${segments.map(encodeURIComponent).join('/')}`;
  return query === '' ? path : `${path}?${query}`;
}

/** What a node says in a body; the text itself where that is no JSON. */
export function messageIn(text: string): string {
  try {
    const { Message, Matched } = JSON.parse(text) as { Message?: string; Matched?: object };
    return [Message ?? '', Matched === undefined ? '' : matchedText(Matched)].join(' ').trim();
  } catch {
    return text.trim();
  }
}

function matchedText(matched: object): string {
  return Object.entries(matched)
    .map(([name, value]) => `${name}: ${Array.isArray(value) ? value.join(', ') : String(value)}`)
    .join('; ');
}
