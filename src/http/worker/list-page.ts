/** Parses which part of a list of entries a request asks for; the whole one unless it says. */
import type { ListPage } from '../../contracts/http.js';
import { generalResponse, type HandlerResponse } from './response.js';
import { queryParameter } from './url-params.js';

export const LIMIT_MAX = 200_000;

/** Of the query, or the response that refuses it. */
export function pageOfList(query: string): ListPage | HandlerResponse {
  const text = queryParameter(query, 'limit') || String(LIMIT_MAX);
  if (typeof text === 'object') return text;
  const after = queryParameter(query, 'after');
  if (typeof after === 'object') return after;
  const prefix = queryParameter(query, 'prefix');
  if (typeof prefix === 'object') return prefix;
  const limit = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= LIMIT_MAX) {
    return { limit, after, prefix };
  }
  return generalResponse(400, `limit: 1 to ${LIMIT_MAX}, got ${text.slice(0, 100)}`);
}
