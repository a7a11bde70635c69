/** HTTP for tests: single requests with their whole response, and raw bytes over a socket. */
import { type IncomingHttpHeaders, request } from 'node:http';
import { connect } from 'node:net';
import { eventLoopTurns } from './event-loop.js';

const TIMEOUT_MS = 15_000;

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface HttpRequestOptions {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly host?: string;
  readonly timeoutMs?: number;
  /** Aborts the request. */
  readonly signal?: AbortSignal;
}

/** One request on a connection of its own. */
export function fetchOnce(
  port: number,
  path: string,
  options: HttpRequestOptions = {},
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const { method = 'GET', body, host = '127.0.0.1', timeoutMs = TIMEOUT_MS, ...rest } = options;
    const sent = request({ host, port, path, method, agent: false, ...rest }, (response) => {
      let received = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        received += chunk;
      });
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: received }),
      );
    });
    sent.on('error', reject);
    sent.setTimeout(timeoutMs, () => sent.destroy(new Error(`no response to ${method} ${path}`)));
    sent.end(body);
  });
}

export async function fetchJson(port: number, path: string): Promise<unknown> {
  return JSON.parse((await fetchOnce(port, path)).body);
}

/**
 * Sends the segments to a server in this process, which reads each by itself. Resolves with all
 * received bytes: when they match `until`, when the server closed the connection, or after
 * `timeoutMs` if that is given.
 */
export function exchangeRaw(
  port: number,
  segments: readonly (string | Buffer)[],
  until: RegExp = /$^/,
  timeoutMs?: number,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    let received = '';
    const finish = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(received);
    };
    const timer = setTimeout(() => {
      if (timeoutMs !== undefined) return finish();
      socket.destroy();
      reject(new Error(`incomplete response: ${JSON.stringify(received.slice(0, 500))}`));
    }, timeoutMs ?? TIMEOUT_MS);
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
      if (until.test(received)) finish();
    });
    socket.on('error', finish);
    socket.on('close', finish);
    socket.on('connect', async () => {
      for (const segment of segments) {
        if (socket.destroyed) return;
        await new Promise((written) => socket.write(segment, written));
        await eventLoopTurns();
      }
    });
  });
}
