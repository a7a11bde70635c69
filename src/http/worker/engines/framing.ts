/**
 * Where a request ends (RFC 9112, section 6.3). What is not certain is refused, and nothing that
 * follows on the connection is carried out: a proxy in front may see other requests there.
 */
import { generalResponse } from '../response.js';

/** `none`: the request ends with its head. */
export type Framing = 'none' | 'length' | 'chunked' | 'malformed';

export const MALFORMED_RESPONSE = generalResponse(
  400,
  'Content-Length: one number of bytes; or Transfer-Encoding: chunked, and nothing else',
);

/** Calls the visitor with each header; names are in lower case. */
type HeaderVisits = (visit: (name: string, value: string) => void) => void;

/** From all headers of a request. */
export function framingOf(forEachHeader: HeaderVisits): Framing {
  let length: string | undefined;
  let coding: string | undefined;
  let isDoubled = false;
  forEachHeader((name, value) => {
    if (name === 'content-length') {
      isDoubled ||= length !== undefined;
      length = value;
    } else if (name === 'transfer-encoding') {
      isDoubled ||= coding !== undefined;
      coding = value;
    }
  });
  if (isDoubled || (length !== undefined && coding !== undefined)) return 'malformed';
  if (coding !== undefined) return /^chunked$/i.test(coding) ? 'chunked' : 'malformed';
  if (length === undefined) return 'none';
  if (!/^\d{1,15}$/.test(length)) return 'malformed';
  return Number(length) === 0 ? 'none' : 'length';
}

/** Whether a header `Connection` asks for the end of the connection. */
export function asksToClose(connection: string): boolean {
  // Nearly all have none, or this one.
  if (connection === '' || connection === 'keep-alive') return false;
  return /(?:^|,)\s*close\s*(?:,|$)/i.test(connection);
}
