/** Requests to the node that serves the page. */
import type { MatchesReport } from './topics.js';

/** After so long a node that is asked for a report is silent. */
const REPORT_TIMEOUT_MS = 5_000;

/** A command waits up to ten seconds for the other nodes. */
const COMMAND_TIMEOUT_MS = 15_000;

/** What a node answers to a command. */
export interface CommandAnswer {
  readonly isDone: boolean;
  /** Of the answer; 0: there was none. */
  readonly status: number;
  /** Why it is not done; empty: it is. */
  readonly refusal: string;
  /** What the command matched. */
  readonly matched: MatchesReport;
  /** Of a handover: the address of the new leader. */
  readonly leader: string;
}

type AnswerBody = {
  readonly Message?: string;
  readonly Matched?: MatchesReport;
  readonly Leader?: string;
};

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
    const body = await response.text();
    const { Matched: matched = {}, Leader: leader = '' } = parsed(body);
    const refusal = response.ok ? '' : `Refused (${response.status}): ${messageIn(body)}`;
    return { isDone: response.ok, status: response.status, refusal, matched, leader };
  } catch {
    const refusal = 'No answer: the command may have taken effect. It is safe to send it again.';
    return { isDone: false, status: 0, refusal, matched: {}, leader: '' };
  }
}

/** What a node says in a body; the text itself where that is no JSON. */
export function messageIn(text: string): string {
  return parsed(text).Message ?? text.trim();
}

function parsed(text: string): AnswerBody {
  try {
    return (JSON.parse(text) ?? {}) as AnswerBody;
  } catch {
    return {};
  }
}
