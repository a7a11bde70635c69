/**
 * One HTTP exchange with a server. `node:http` and not `fetch`, whose first use costs 30 ms: a
 * script may run a command ten times a second.
 */
import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';
import type { RequestOptions } from 'node:https';

export interface ExchangeOptions {
  readonly method: 'GET' | 'POST';
  /** Until the whole response has arrived. */
  readonly timeoutMs: number;
  /** Ends the exchange. */
  readonly signal?: AbortSignal | undefined;
}

export interface HttpReply {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
}

/** The longest lists have 200,000 entries. */
const REPLY_BYTES_MAX = 256 * 1024 * 1024;

/** Kept connections, for commands that ask each second. Idle ones do not keep the process alive. */
const agent = new Agent({ keepAlive: true });

/**
 * Sends a request; `path` is sent as it is, because the URL parser would resolve an app named `..`.
 * Rejects with an error whose message is a reason in words: `connection refused`.
 */
export async function exchange(
  server: URL,
  path: string,
  options: ExchangeOptions,
): Promise<HttpReply> {
  const send = server.protocol === 'https:' ? await secureRequest() : plainRequest;
  return new Promise((resolve, reject) => {
    const { method, timeoutMs, signal } = options;
    const sent = send({
      hostname: server.hostname.replace(/^\[|\]$/g, ''),
      port: server.port,
      path: server.pathname.replace(/\/$/, '') + path,
      method,
      headers: { Accept: 'application/json' },
      ...(signal !== undefined && { signal }),
      ...(server.username !== '' && { auth: credentialsOf(server) }),
    });
    const deadline = setTimeout(() => {
      sent.destroy(new Error(`no response within ${timeoutMs / 1_000} s`));
    }, timeoutMs);
    const failed = (error: NodeJS.ErrnoException): void => {
      clearTimeout(deadline);
      reject(new Error(reasonOf(error), { cause: error }));
    };
    sent.on('error', failed);
    sent.on('response', (response) => {
      readText(response).then((text) => {
        clearTimeout(deadline);
        const contentType = response.headers['content-type'] ?? '';
        resolve({ status: response.statusCode ?? 0, contentType, text });
      }, failed);
    });
    sent.end();
  });
}

type SendRequest = (options: RequestOptions) => ClientRequest;

const plainRequest: SendRequest = (options) => request({ ...options, agent });

/** Loaded only for https: TLS costs some milliseconds. */
async function secureRequest(): Promise<SendRequest> {
  const https = await import('node:https');
  secureAgent ??= new https.Agent({ keepAlive: true });
  return (options) => https.request({ ...options, agent: secureAgent });
}

let secureAgent: Agent | undefined;

function credentialsOf({ username, password }: URL): string {
  return `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > REPLY_BYTES_MAX) throw new Error('the response is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset by peer',
  EHOSTUNREACH: 'no route to host',
  ENETUNREACH: 'network is unreachable',
  ETIMEDOUT: 'connection timed out',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'name resolution failed',
  EPIPE: 'broken pipe',
};

/** When several addresses of a host were tried, the first error. */
function reasonOf(error: NodeJS.ErrnoException): string {
  const first =
    error instanceof AggregateError ? (error.errors[0] as NodeJS.ErrnoException) : error;
  if (first.code?.startsWith('HPE_') === true) return 'the response is not HTTP';
  return REASONS[first.code ?? ''] ?? first.message;
}
