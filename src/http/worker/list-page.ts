/** Parses which part of a list of entries a request asks for; the whole one unless it says. */
import { generalResponse, type HandlerResponse } from './response.js';
import { queryParameter } from './url-params.js';

export const LIMIT_MAX = 200_000;

/** Entries in the order of their names. */
export interface ListPage {
  /** How many at most. */
  readonly limit: number;
  /** Only entries that follow this name; empty: from the first. */
  readonly after: string;
  /** Only entries whose names begin so. */
  readonly prefix: string;
  /** The same for the same page. */
  readonly key: string;
}

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
    return { limit, after, prefix, key: JSON.stringify([limit, after, prefix]) };
  }
  return generalResponse(400, `limit: 1 to ${LIMIT_MAX}, got ${text.slice(0, 100)}`);
}
