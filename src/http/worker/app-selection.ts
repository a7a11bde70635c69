/** Parses `/apps`: which apps, of which store, how many. */
import type { AppSelection } from '../../contracts/reports.js';
import { generalResponse, type HandlerResponse } from './response.js';
import { queryParameter } from './url-params.js';

const LIMIT_DEFAULT = 100;
export const LIMIT_MAX = 10_000;

/** Of the query, or the response that refuses it. */
export function appSelection(query: string): AppSelection | HandlerResponse {
  const limit = queryParameter(query, 'limit') || String(LIMIT_DEFAULT);
  if (typeof limit === 'object') return limit;
  const store = queryParameter(query, 'store');
  if (typeof store === 'object') return store;
  const app = queryParameter(query, 'app');
  if (typeof app === 'object') return app;
  const count = /^\d{1,5}$/.test(limit) ? Number(limit) : 0;
  if (count >= 1 && count <= LIMIT_MAX) return { limit: count, store: withType(store), app };
  return generalResponse(400, `limit: 1 to ${LIMIT_MAX}, got ${limit.slice(0, 100)}`);
}

/** `main1` is short for `mysql/main1`. */
function withType(store: string): string {
  return store === '' || store.includes('/') ? store : `mysql/${store}`;
}
