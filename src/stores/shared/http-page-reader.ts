/**
 * The HTTP client for pages of other programs: fetches a page in chunks, bounded in time and size.
 * A page that is not whole must never pass for a short list, so everything but a complete 200 is an
 * error.
 */
import { type Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import type { SecureContext } from 'node:tls';
import { messageOf } from '../../base/errors.js';
import type { CaCertificates } from './ca-certificates.js';
import { SmallReadsAgent } from './small-reads-agent.js';

const REDIRECTS_MAX = 5;

/** Interim responses (1xx) that a server may send: none is asked for. */
const INTERIM_MAX = 8;

/** Longest time for a TCP connection. */
const CONNECT_TIMEOUT_MS = 1_000;

export interface PageLimits {
  /** From the call to the last byte, waiting for a free connection included. */
  readonly timeoutMs: number;
  readonly sizeBytesMax: number;
  /** Whose body is the page; 200 alone unless given. */
  readonly statuses?: ReadonlySet<number>;
}

/** Of one page; what is not given is that of the reader. */
export interface PageOptions {
  readonly timeoutMs?: number;
  /** File of the authorities that HTTPS trusts; empty, as by default: the system's bundle. */
  readonly caFile?: string;
}

const OK_ONLY: ReadonlySet<number> = new Set([200]);

/** Fetches pages, with a bounded number of connections to each server. */
export class HttpPageReader {
  readonly #lookup: LookupFunction;
  readonly #certificates: CaCertificates;
  readonly #limits: PageLimits;
  readonly #httpAgent: Agent;
  readonly #requestsMax: number;
  /**
   * One for each list of authorities: an agent hands connections on to requests that wait, and
   * resumes sessions, without a look at what they were verified against.
   */
  readonly #httpsAgents = new WeakMap<SecureContext, HttpsAgent>();

  constructor(
    lookup: LookupFunction,
    certificates: CaCertificates,
    requestsMax: number,
    limits: PageLimits,
  ) {
    this.#lookup = lookup;
    this.#certificates = certificates;
    this.#limits = limits;
    this.#httpAgent = new SmallReadsAgent({ maxSockets: requestsMax });
    this.#requestsMax = requestsMax;
  }

  /**
   * The body of the page, in chunks. Throws when the response has another status, is incomplete,
   * too large or too late, with the reason; the caller adds the URL. The connection is closed
   * afterwards.
   */
  async *read(
    url: URL,
    { timeoutMs = this.#limits.timeoutMs, caFile = '' }: PageOptions = {},
  ): AsyncGenerator<Buffer, void, void> {
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      const response = await this.#open(url, caFile, signal);
      let sizeBytes = 0;
      // Leaving the loop early destroys the response, and with it the connection.
      for await (const chunk of response as AsyncIterable<Buffer>) {
        sizeBytes += chunk.length;
        if (sizeBytes > this.#limits.sizeBytesMax) {
          throw new Error(`the response is larger than ${this.#limits.sizeBytesMax} bytes`);
        }
        yield chunk;
      }
    } catch (thrown) {
      throw signal.aborted
        ? new Error(`no response within ${timeoutMs} ms`)
        : requestFailure(thrown);
    }
  }

  async #open(from: URL, caFile: string, signal: AbortSignal): Promise<IncomingMessage> {
    let url = from;
    for (let redirects = 0; redirects <= REDIRECTS_MAX; redirects++) {
      const response = await this.#request(url, caFile, signal);
      const { statusCode = 0, headers } = response;
      if ((this.#limits.statuses ?? OK_ONLY).has(statusCode)) return response;
      response.destroy();
      const isRedirect = statusCode >= 301 && statusCode <= 308 && headers.location !== undefined;
      if (!isRedirect) throw new Error(`unexpected HTTP status ${statusCode} instead of 200`);
      url = redirected(url, headers.location!);
    }
    throw new Error(`more than ${REDIRECTS_MAX} redirects`);
  }

  #request(url: URL, caFile: string, signal: AbortSignal): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const options = { lookup: this.#lookup, signal, headers: { accept: '*/*' } };
      const request =
        url.protocol === 'https:'
          ? httpsRequest(url, { ...options, ...this.#encryption(caFile) })
          : httpRequest(url, { ...options, agent: this.#httpAgent });
      request.once('socket', (socket) => {
        // A list of hosts must not delay the end of the process.
        socket.unref();
        if (!socket.connecting) return;
        const onTimeout = (): void => {
          request.destroy(new Error(`no connection within ${CONNECT_TIMEOUT_MS} ms`));
        };
        const timer = setTimeout(onTimeout, CONNECT_TIMEOUT_MS).unref();
        socket.once('connect', () => clearTimeout(timer));
        socket.once('close', () => clearTimeout(timer));
      });
      let interim = 0;
      request.on('information', () => {
        if (++interim === INTERIM_MAX) {
          request.destroy(new Error('it sends interim responses (1xx) without end'));
        }
      });
      request.once('response', resolve);
      // Not `once`: an abandoned request may emit another error.
      request.on('error', reject);
      // Node emits no error for some failures, for example a response that switches protocols.
      request.once('close', () =>
        reject(new Error('the connection was closed without a response')),
      );
      request.end();
    });
  }

  #encryption(caFile: string): { agent: HttpsAgent; secureContext: SecureContext } {
    const secureContext = this.#certificates.context(caFile);
    let agent = this.#httpsAgents.get(secureContext);
    if (agent === undefined) {
      agent = new HttpsAgent({ maxSockets: this.#requestsMax });
      this.#httpsAgents.set(secureContext, agent);
    }
    return { agent, secureContext };
  }
}

/** The URL for logs and messages: without user and password. */
export function shownUrl(url: URL): string {
  return `${url.origin}${url.pathname === '/' ? '' : url.pathname}`;
}

/** Credentials go only to the server that the operator configured, as in RFC 9110, 15.4. */
function redirected(from: URL, location: string): URL {
  if (!URL.canParse(location, from.href)) throw new Error('it redirects to an invalid URL');
  const to = new URL(location, from);
  if (!/^https?:$/.test(to.protocol)) throw new Error(`it redirects to ${to.protocol}`);
  if (to.origin === from.origin && to.username === '') {
    to.username = from.username;
    to.password = from.password;
  }
  return to;
}

/** When several addresses of a name were tried, the failure of the first one is reported. */
function requestFailure(thrown: unknown): Error {
  const first: unknown = thrown instanceof AggregateError ? thrown.errors[0] : thrown;
  const isReset = (first as NodeJS.ErrnoException).code === 'ECONNRESET';
  return isReset
    ? new Error('the connection was cut before the end of the response')
    : asError(first);
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(messageOf(thrown));
}
