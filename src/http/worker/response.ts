/** What an engine sends back: independent of which engine that is. */
import type { MainResponse } from '../../contracts/http.js';
import { generalMessage } from '../shared/json-bodies.js';

export const JSON_TYPE = 'application/json';
const TEXT_TYPE = 'text/plain; charset=utf-8';

export interface HandlerResponse {
  readonly status: number;
  readonly contentType: string;
  /** With its final newline; a HEAD gets its length only. */
  readonly body: string;
  /** Header `Location`; empty: none. */
  readonly location: string;
  /** Header `Allow`; empty: none. */
  readonly allow: string;
  /** The body comes from this file instead, which is removed once it is open. */
  readonly file?: string;
}

export function jsonReply(status: number, json: string): HandlerResponse {
  return { status, contentType: JSON_TYPE, body: `${json}\n`, location: '', allow: '' };
}

export function textReply(status: number, text: string): HandlerResponse {
  return { status, contentType: TEXT_TYPE, body: text, location: '', allow: '' };
}

/** A status and a message, as JSON. */
export function generalReply(status: number, message: string): HandlerResponse {
  return jsonReply(status, generalMessage(status, message));
}

/** An answer of main; one without a body stays without. */
export function answerReply({ status, json, other }: MainResponse): HandlerResponse {
  if (other?.kind === 'file') return { ...jsonReply(status, ''), body: '', file: other.path };
  if (other?.kind === 'text')
    return { ...textReply(status, other.text), contentType: other.contentType };
  return json === '' ? textReply(status, '') : jsonReply(status, json);
}

export const OK_REPLY = generalReply(200, 'OK');
export const NOT_FOUND_REPLY = textReply(404, '404 page not found\n');
export const INTERNAL_ERROR_REPLY = generalReply(500, 'internal error; see the log');

/** `location` comes from a client: whatever may not stand in a header is encoded. */
export function redirectReply(location: string): HandlerResponse {
  const encoded = location.replace(/[^\x21-\x7e]/gu, encodeURIComponent);
  return { ...textReply(301, 'Moved Permanently\n'), location: encoded };
}

export function methodNotAllowedReply(allow: string): HandlerResponse {
  return { ...textReply(405, 'Method Not Allowed\n'), allow };
}

export function isReply(value: object): value is HandlerResponse {
  return 'status' in value && 'body' in value;
}
