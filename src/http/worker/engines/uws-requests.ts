/** Of the native engine's own requests and responses. */
import type { HttpRequest, HttpResponse } from 'uWebSockets.js';
import { STATUS_CODES } from 'node:http';
import { JSON_TYPE } from '../../shared/json-bodies.js';
import type { HandlerResponse } from '../response.js';
import { asksToClose, type Framing, framingOf } from './framing.js';

/** Headers that each check has, or is asked for: the engine takes bytes faster than a string. */
export const CONNECTION = bytesOf('connection');
export const CONTENT_LENGTH = bytesOf('content-length');
const CONTENT_TYPE = bytesOf('Content-Type');
export const FORWARDED_FOR = bytesOf('x-forwarded-for');
const JSON_TYPE_BYTES = bytesOf(JSON_TYPE);
export const TRANSFER_ENCODING = bytesOf('transfer-encoding');

/** Status line and headers; a plain 200 is the engine's default and not written. */
export function writeHead(res: HttpResponse, response: HandlerResponse): void {
  if (response.status !== 200) {
    res.writeStatus(`${response.status} ${STATUS_CODES[response.status] ?? ''}`);
  }
  const { contentType } = response;
  res.writeHeader(CONTENT_TYPE, contentType === JSON_TYPE ? JSON_TYPE_BYTES : contentType);
  if (response.location !== '') res.writeHeader('Location', response.location);
  if (response.allow !== '') res.writeHeader('Allow', response.allow);
  for (const [name, value] of response.headers ?? []) res.writeHeader(name, value);
}

/**
 * A body of chunks ends the connection: this version of the engine does not look whether a chunk
 * ends where it says.
 */
export function mustClose(framing: Framing, connection: string): boolean {
  return framing === 'chunked' || framing === 'malformed' || asksToClose(connection);
}

/**
 * Nearly all checks have no body, and are not looked at more closely: a header that is empty reads
 * like one that is missing.
 */
export function framingOfRaw(req: HttpRequest, path: string): Framing {
  const isBare =
    path.startsWith('/check') &&
    req.getHeader(CONTENT_LENGTH) === '' &&
    req.getHeader(TRANSFER_ENCODING) === '';
  return isBare ? 'none' : framingOf((visit) => req.forEach(visit));
}

/** Headers can be read only until the handler returns. */
export function copyOfHeaders(req: HttpRequest): Map<string, string> {
  const headers = new Map<string, string>();
  req.forEach((name, value) => {
    headers.set(name, value);
  });
  return headers;
}

/** Resolves when the body is received, or by the listener that `onEnd` gets. */
export function bodyOf(res: HttpResponse, onEnd: (listener: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    onEnd(resolve);
    res.onData((_chunk, isLast) => {
      if (isLast) resolve();
    });
  });
}

function bytesOf(text: string): ArrayBuffer {
  const bytes = new ArrayBuffer(text.length);
  new Uint8Array(bytes).set(Buffer.from(text, 'latin1'));
  return bytes;
}
