/** A response as the handler gives it to any engine. */
import type { MainResponse } from '../../contracts/http.js';
import { generalMessage, JSON_TYPE } from '../shared/json-bodies.js';
import type { StreamOpener } from './live/sink.js';

const TEXT_TYPE = 'text/plain; charset=utf-8';

/** Bodies from this on are sent as fast as the client takes them. */
export const LARGE_BODY_BYTES = 64 * 1024;

export interface HandlerResponse {
  readonly status: number;
  readonly contentType: string;
  /** With its final newline; a response to HEAD has its length only. */
  readonly body: string | Buffer;
  /** Header `Location`; empty: none. */
  readonly location: string;
  /** Header `Allow`; empty: none. */
  readonly allow: string;
  /** The body comes from this file instead, which is unlinked once it is open. */
  readonly file?: string;
  /** The body is a stream instead: it is opened once the headers are written. */
  readonly stream?: StreamOpener;
  /** Besides those that the other members stand for. */
  readonly headers?: ReadonlyArray<readonly [name: string, value: string]>;
}

export function jsonResponse(status: number, json: string): HandlerResponse {
  return { status, contentType: JSON_TYPE, body: `${json}\n`, location: '', allow: '' };
}

export function textResponse(status: number, text: string): HandlerResponse {
  return { status, contentType: TEXT_TYPE, body: text, location: '', allow: '' };
}

/** A status and a message, as JSON. */
export function generalResponse(status: number, message: string): HandlerResponse {
  return jsonResponse(status, generalMessage(status, message));
}

/** With a body that clients share. */
export function inBytes(response: HandlerResponse): HandlerResponse {
  return { ...response, body: Buffer.from(response.body) };
}

/** A response of main, for the client. */
export function responseFromMain({ status, json, other }: MainResponse): HandlerResponse {
  if (other?.kind === 'file') return { ...jsonResponse(status, ''), body: '', file: other.path };
  return json === '' ? textResponse(status, '') : jsonResponse(status, json);
}

export const OK_RESPONSE = generalResponse(200, 'OK');
export const NOT_FOUND_RESPONSE = textResponse(404, '404 page not found\n');
export const INTERNAL_ERROR_RESPONSE = generalResponse(500, 'internal error; see the log');

export const STREAM_RESPONSE: HandlerResponse = {
  ...textResponse(200, ''),
  contentType: 'text/event-stream',
  headers: [['Cache-Control', 'no-store']],
};
export const TOO_MANY_STREAMS_RESPONSE = generalResponse(
  503,
  'too many pages are open on this node',
);
export const TOO_MANY_BODIES_RESPONSE = generalResponse(
  503,
  'clients have not taken the lists and reports before; ask for a part of the list (limit)',
);

/**
 * To the path that the client should have used: 301, or 307 for other methods than GET, as the
 * original sends. `location` comes from a client: characters that a header must not contain are
 * encoded.
 */
export function redirectResponse(method: string, location: string): HandlerResponse {
  const encoded = location.replace(/[^\x21-\x7e]/gu, encodeURIComponent);
  const response =
    method === 'GET'
      ? textResponse(301, 'Moved Permanently\n')
      : textResponse(307, 'Temporary Redirect\n');
  return { ...response, location: encoded };
}

/** The response to `OPTIONS` (RFC 9110, section 9.3.7). */
export function optionsResponse(allow: string): HandlerResponse {
  return { ...textResponse(200, ''), allow };
}

export function methodNotAllowedResponse(allow: string): HandlerResponse {
  return { ...textResponse(405, 'Method Not Allowed\n'), allow };
}

export function isResponse(value: object): value is HandlerResponse {
  return 'status' in value && 'body' in value;
}
