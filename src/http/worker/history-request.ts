/** Parses `/history`: of how many seconds. */
import { generalResponse, type HandlerResponse } from './response.js';
import { queryParameter } from './url-params.js';

/** Fifteen minutes: what is kept. */
export const SECONDS_MAX = 900;

/** Of the query, or the response that refuses it. */
export function historySeconds(query: string): number | HandlerResponse {
  const given = queryParameter(query, 'seconds') || String(SECONDS_MAX);
  if (typeof given === 'object') return given;
  const seconds = /^\d{1,3}$/.test(given) ? Number(given) : 0;
  if (seconds >= 1 && seconds <= SECONDS_MAX) return seconds;
  return generalResponse(400, `seconds: 1 to ${SECONDS_MAX}, got ${given.slice(0, 100)}`);
}
