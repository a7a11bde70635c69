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

/** The JSON of a report; null when the node does not give it. */
export async function report<Report>(path: string): Promise<Report | null> {
  try {
    const signal = AbortSignal.timeout(REPORT_TIMEOUT_MS);
    const response = await fetch(path, { cache: 'no-store', signal });
    if (!response.ok) return null;
    return (await response.json()) as Report;
  } catch {
    return null;
  }
}

/** Sends a command. Does not reject: what went wrong is an answer too. */
export async function command(path: string): Promise<CommandAnswer> {
  try {
    const signal = AbortSignal.timeout(COMMAND_TIMEOUT_MS);
    const response = await fetch(path, { method: 'POST', cache: 'no-store', signal });
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

function messageIn(text: string): string {
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
