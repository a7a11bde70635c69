/** Parses the requests for lists that main writes, whole or in parts. */
import type { MainRequest } from '../../contracts/http.js';
import { parseWholeNumber } from './control-parameters.js';
import { pageOfList } from './list-page.js';
import { generalResponse, type HandlerResponse, isResponse } from './response.js';

type PagedRequest = Extract<MainRequest, { readonly kind: 'recentApps' | 'inventory' }>;

/** Or the response that refuses it. `lastMinutes`: of the path; 0: of a day. */
export function pagedRequest(
  kind: PagedRequest['kind'],
  lastMinutes: string,
  query: string,
): PagedRequest | HandlerResponse {
  const minutes = parseWholeNumber(lastMinutes);
  if (minutes === undefined) {
    return generalResponse(400, `whole minutes, got ${lastMinutes.slice(0, 100)}`);
  }
  const page = pageOfList(query);
  if (isResponse(page)) return page;
  if (kind === 'inventory') return { kind, page };
  return { kind, lastMinutes: minutes === 0 ? null : minutes, page };
}
