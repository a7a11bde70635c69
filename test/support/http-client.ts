/** HTTP as tests need it: one request with everything that came back, and raw bytes over a socket. */
import { type IncomingHttpHeaders, request } from 'node:http';
import { connect } from 'node:net';

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
}

/** One request on a connection of its own. */
export function fetchOnce(
  port: number,
  path: string,
  options: HttpRequestOptions = {},
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const { method = 'GET', headers = {}, body, host = '127.0.0.1', timeoutMs = 5000 } = options;
    const sent = request({ host, port, path, method, headers, agent: false }, (response) => {
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
    sent.setTimeout(timeoutMs, () => sent.destroy(new Error(`no answer to ${method} ${path}`)));
    sent.end(body);
  });
}

export async function fetchJson(port: number, path: string): Promise<unknown> {
  return JSON.parse((await fetchOnce(port, path)).body);
}

/**
 * Sends the segments, each in a packet of its own, and resolves with everything that came back: when `until` is there, when
 * the server closed the connection, or with `patienceMs` after so long.
 */
export function exchangeRaw(
  port: number,
  segments: readonly (string | Buffer)[],
  until: RegExp = /$^/,
  patienceMs?: number,
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
      if (patienceMs !== undefined) return finish();
      socket.destroy();
      reject(new Error(`no end of the answer: ${JSON.stringify(received.slice(0, 500))}`));
    }, patienceMs ?? 15_000);
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
      if (until.test(received)) finish();
    });
    socket.on('error', finish);
    socket.on('close', finish);
    const sendFrom = (index: number): void => {
      const segment = segments[index];
      if (segment === undefined || socket.destroyed) return;
      // The pause lets each segment arrive by itself; nothing that is asserted depends on its length.
      socket.write(segment, () => setTimeout(() => sendFrom(index + 1), 5));
    };
    socket.on('connect', () => sendFrom(0));
  });
}
