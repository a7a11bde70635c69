/** Of the native engine's own requests and responses. */
import type { HttpRequest, HttpResponse } from 'uWebSockets.js';
import { STATUS_CODES } from 'node:http';
import type { HandlerResponse } from '../response.js';
import { asksToClose, type Framing, framingOf } from './framing.js';

/** Status line and headers; a plain 200 is the engine's default and not written. */
export function writeHead(res: HttpResponse, response: HandlerResponse): void {
  if (response.status !== 200) {
    res.writeStatus(`${response.status} ${STATUS_CODES[response.status] ?? ''}`);
  }
  res.writeHeader('Content-Type', response.contentType);
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

/** Nearly all checks have no body, and are not looked at more closely. */
export function framingOfRaw(req: HttpRequest, path: string): Framing {
  const isBare =
    path.startsWith('/check') &&
    req.getHeader('content-length') === '' &&
    req.getHeader('transfer-encoding') === '';
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
