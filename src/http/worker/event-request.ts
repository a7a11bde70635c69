/** Parses `/events`: since when, and how many. */
import type { EventSelection } from '../../contracts/reports.js';
import { generalResponse, type HandlerResponse } from './response.js';
import { queryParameter } from './url-params.js';

export const LIMIT_MAX = 1_000;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/i;
const UNIX_SECONDS = /^\d{1,12}(?:\.\d{1,9})?$/;
const AGO = /^(\d{1,9})([smhd])$/;
const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** Of the query, at `nowUnixMs`; or the response that refuses it. */
export function eventSelection(query: string, nowUnixMs: number): EventSelection | HandlerResponse {
  const since = queryParameter(query, 'since');
  if (typeof since === 'object') return since;
  const limit = queryParameter(query, 'limit') || String(LIMIT_MAX);
  if (typeof limit === 'object') return limit;
  const count = /^\d{1,4}$/.test(limit) ? Number(limit) : 0;
  if (count < 1 || count > LIMIT_MAX) {
    return generalResponse(400, `limit: 1 to ${LIMIT_MAX}, got ${limit.slice(0, 100)}`);
  }
  const sinceUnixMs = since === '' ? null : timeOf(since, nowUnixMs);
  if (!Number.isNaN(sinceUnixMs)) return { sinceUnixMs, limit: count };
  return generalResponse(
    400,
    `since: a time (RFC 3339, or Unix seconds), or a duration as 10m; got ${since.slice(0, 100)}`,
  );
}

/** In Unix milliseconds; NaN: none. */
function timeOf(text: string, nowUnixMs: number): number {
  const [, amount, unit] = AGO.exec(text) ?? [];
  if (amount !== undefined) return nowUnixMs - Number(amount) * UNIT_SECONDS[unit!]! * 1_000;
  if (UNIX_SECONDS.test(text)) return Number(text) * 1_000;
  return TIME.test(text) ? Date.parse(text) : Number.NaN;
}
