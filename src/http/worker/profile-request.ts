/** Parses the parameters of a request for a profile. */
import { type ProfileRequest, THREAD_KINDS } from '../../contracts/diagnostics.js';
import { generalResponse, type HandlerResponse } from './response.js';
import { queryParameter } from './url-params.js';

const SECONDS_DEFAULT = 30;
export const SECONDS_MAX = 60;

/** `thread` is main unless given; `seconds`, of a CPU profile only, 1 to 60, 30 unless given. */
export function profileRequest(query: string, ofCpu: boolean): ProfileRequest | HandlerResponse {
  const name = queryParameter(query, 'thread') || 'main';
  if (typeof name !== 'string') return name;
  const thread = THREAD_KINDS.find((kind) => kind === name);
  if (thread === undefined) {
    return generalResponse(
      400,
      `thread: one of ${THREAD_KINDS.join(', ')}; got ${name.slice(0, 100)}`,
    );
  }
  if (!ofCpu) return { thread, seconds: null };
  const text = queryParameter(query, 'seconds') || String(SECONDS_DEFAULT);
  if (typeof text !== 'string') return text;
  const seconds = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (seconds < 1 || seconds > SECONDS_MAX) {
    return generalResponse(400, `seconds: 1 to ${SECONDS_MAX}; got ${text.slice(0, 100)}`);
  }
  return { thread, seconds };
}
