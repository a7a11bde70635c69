/**
 * Pages that sources of hosts offer over HTTP: fetched in chunks, within a bound of time and size.
 */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import type { SecureContext } from 'node:tls';
import { messageOf } from '../../../base/errors.js';
import type { CaCertificates } from './ca-certificates.js';

const CONNECT_TIMEOUT_MS = 1_000;
const REDIRECTS_MAX = 5;

export interface PageLimits {
  /** From the call to the last byte, waiting for a free connection included. */
  readonly timeoutMs: number;
  readonly sizeBytesMax: number;
}

/** Fetches pages, so many of one server at a time. */
export class HttpPageReader {
  readonly #lookup: LookupFunction;
  readonly #certificates: CaCertificates;
  readonly #limits: PageLimits;
  readonly #httpAgent: HttpAgent;
  readonly #httpsAgent: HttpsAgent;

  constructor(
    lookup: LookupFunction,
    certificates: CaCertificates,
    requestsMax: number,
    limits: PageLimits,
  ) {
    this.#lookup = lookup;
    this.#certificates = certificates;
    this.#limits = limits;
    this.#httpAgent = new HttpAgent({ maxSockets: requestsMax });
    this.#httpsAgent = new HttpsAgent({ maxSockets: requestsMax });
  }

  /**
   * The body of the page, in chunks. Throws when the answer is not 200, not whole, too large or too
   * late; the message says why, not which page. A connection is not kept.
   */
  async *read(url: URL, timeoutMs = this.#limits.timeoutMs): AsyncGenerator<Buffer, void, void> {
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      const response = await this.#open(url, signal);
      let sizeBytes = 0;
      // Left early, the loop destroys the response and with it the connection.
      for await (const chunk of response as AsyncIterable<Buffer>) {
        sizeBytes += chunk.length;
        if (sizeBytes > this.#limits.sizeBytesMax) {
          throw new Error(`the answer is larger than ${this.#limits.sizeBytesMax} bytes`);
        }
        yield chunk;
      }
    } catch (thrown) {
      throw signal.aborted ? new Error(`no answer within ${timeoutMs} ms`) : reason(thrown);
    }
  }

  async #open(from: URL, signal: AbortSignal): Promise<IncomingMessage> {
    let url = from;
    for (let redirects = 0; redirects <= REDIRECTS_MAX; redirects++) {
      const response = await this.#request(url, signal);
      const { statusCode = 0, headers } = response;
      if (statusCode === 200) return response;
      response.destroy();
      const isRedirect = statusCode >= 301 && statusCode <= 308 && headers.location !== undefined;
      if (!isRedirect) throw new Error(`it answers ${statusCode} instead of 200`);
      url = redirected(url, headers.location!);
    }
    throw new Error(`more than ${REDIRECTS_MAX} redirects`);
  }

  #request(url: URL, signal: AbortSignal): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const options = { lookup: this.#lookup, signal, headers: { accept: '*/*' } };
      const request =
        url.protocol === 'https:'
          ? httpsRequest(url, { ...options, ...this.#encryption() })
          : httpRequest(url, { ...options, agent: this.#httpAgent });
      request.once('socket', (socket) => {
        // A process that ends does not wait for a list of hosts.
        socket.unref();
        if (!socket.connecting) return;
        const late = (): void => {
          request.destroy(new Error(`no connection within ${CONNECT_TIMEOUT_MS} ms`));
        };
        const timer = setTimeout(late, CONNECT_TIMEOUT_MS).unref();
        socket.once('connect', () => clearTimeout(timer));
        socket.once('close', () => clearTimeout(timer));
      });
      request.once('response', resolve);
      // Stays: a request that is given up may fail again.
      request.on('error', reject);
      // Some ends are no errors to Node, like an answer that asks for another protocol.
      request.once('close', () => reject(new Error('the connection was closed without an answer')));
      request.end();
    });
  }

  #encryption(): { agent: HttpsAgent; secureContext: SecureContext } {
    return { agent: this.#httpsAgent, secureContext: this.#certificates.context };
  }
}

/** An address without the user and password that it may carry, fit to be shown. */
export function shownUrl(url: URL): string {
  return `${url.origin}${url.pathname === '/' ? '' : url.pathname}`;
}

/** Credentials are for the server that the operator named, and no other. */
function redirected(from: URL, location: string): URL {
  if (!URL.canParse(location, from.href)) throw new Error('it redirects to what is no URL');
  const to = new URL(location, from);
  if (!/^https?:$/.test(to.protocol)) throw new Error(`it redirects to ${to.protocol}`);
  if (to.origin === from.origin && to.username === '') {
    to.username = from.username;
    to.password = from.password;
  }
  return to;
}

/** When several network addresses of a name were tried, the first stands for all. */
function reason(thrown: unknown): Error {
  const first: unknown = thrown instanceof AggregateError ? thrown.errors[0] : thrown;
  const isCut = (first as NodeJS.ErrnoException).code === 'ECONNRESET';
  return isCut ? new Error('the connection was cut before the end of the answer') : asError(first);
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(messageOf(thrown));
}
