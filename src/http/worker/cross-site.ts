/**
 * Recognises control requests that a browser sends for a page of another site (cross-site request
 * forgery). A `GET` may change the state, so a picture or a link on any page that an operator
 * visits could throttle an app. What a page cannot forge are the headers by which browsers say
 * where a request comes from:
 *
 * - `Sec-Fetch-Site` (W3C Fetch Metadata): sent over HTTPS and to this machine's own addresses.
 * - `Origin` (RFC 6454): sent by scripts, and with POST.
 * - `Referer`: sent with the rest, unless the page suppresses it.
 *
 * A browser that sends none of them does so over plain HTTP, either for an address that the
 * operator typed or for a page that suppresses `Referer`. These two are indistinguishable, so the
 * request is refused. Other clients send none of these headers either, and are not browsers: all
 * browsers, and few other programs, send both a `User-Agent` of Mozilla and `Accept-Language`.
 */
import { generalResponse, type HandlerResponse } from './response.js';

/** The value of a header, by its name in lower case; empty when it is missing. */
export type HeaderReader = (name: string) => string;

const REFUSAL = generalResponse(
  403,
  'refused: a browser sent this command for another site; nothing was changed',
);

const UNKNOWN_PAGE_REFUSAL = generalResponse(
  403,
  'refused: the browser does not report which site sent this command; nothing was changed. ' +
    'Use another client, such as curl',
);

/** The response that refuses the request; undefined when it may proceed. */
export function crossSiteRefusal(header: HeaderReader): HandlerResponse | undefined {
  const site = header('sec-fetch-site');
  const origin = header('origin');
  if (site !== '' && site !== 'same-origin' && site !== 'none') return REFUSAL;
  if (origin !== '' && !isThisHost(origin, header)) return REFUSAL;
  if (site !== '' || origin !== '') return undefined;
  const referer = header('referer');
  if (referer !== '') return isThisHost(referer, header) ? undefined : REFUSAL;
  return isBrowser(header) ? UNKNOWN_PAGE_REFUSAL : undefined;
}

/** Whether the URL has the host and port of the request, also behind a proxy that ends TLS. */
function isThisHost(url: string, header: HeaderReader): boolean {
  const match = /^(https?):\/\/([^/?#]*)/i.exec(url);
  if (match === null) return false;
  const [, scheme, authority] = match as unknown as [string, string, string];
  const port = scheme.toLowerCase() === 'http' ? ':80' : ':443';
  return withoutPort(authority, port) === withoutPort(header('host'), port);
}

/** The authority in lower case, without the port that its scheme implies. */
function withoutPort(authority: string, port: string): string {
  const folded = authority.toLowerCase();
  return folded.endsWith(port) ? folded.slice(0, -port.length) : folded;
}

function isBrowser(header: HeaderReader): boolean {
  return header('user-agent').startsWith('Mozilla/') && header('accept-language') !== '';
}
