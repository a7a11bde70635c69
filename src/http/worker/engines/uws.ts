/**
 * The engine on hyper-express and uWebSockets.js. Two kinds of requests go around hyper-express,
 * straight to uWebSockets: checks, because each microsecond counts there; and HEAD, because
 * hyper-express would send a body with it, or a length that leaves the connection waiting for one.
 */

import uWebSockets, { type HttpRequest, type HttpResponse } from 'uWebSockets.js';
import { STATUS_CODES } from 'node:http';
import HyperExpress from 'hyper-express';
import { binaryClient, forwardedClient } from '../client-address.js';
import { openOnce } from '../file-body.js';
import type { ClientKey } from '../recent-apps.js';
import { type HandlerResponse, INTERNAL_ERROR_REPLY } from '../response.js';
import { ConnectedPeers } from './connected-peers.js';
import { type Engine, type EngineContext, InFlight } from './engine.js';

/** Requests need no body; a larger one is refused (413). */
const BODY_BYTES_MAX = 64 * 1024;

/**
 * Options of listening (`LIBUS_LISTEN_…`), which the types of the package do not export as the
 * module does.
 */
const LISTEN_SHARED = 0;
const LISTEN_EXCLUSIVE_PORT = 1;

const CHECK_PATTERNS = [
  '/check/*',
  '/check-if-exists/*',
  '/check-read/*',
  '/check-read-if-exists/*',
];

export class UwsEngine implements Engine {
  readonly #front: EngineContext;
  readonly #server: HyperExpress.Server;
  readonly #inFlight = new InFlight();
  readonly #peers = new ConnectedPeers();
  #socket: uWebSockets.us_listen_socket | undefined;
  #draining = false;
  #closed = false;

  constructor(front: EngineContext) {
    this.#front = front;
    this.#server = new HyperExpress.Server({ auto_close: false, max_body_length: BODY_BYTES_MAX });
    const native = this.#server.uws_instance;
    native.filter((response, change) => this.#connectionsChanged(response, Number(change)));
    for (const pattern of CHECK_PATTERNS) {
      native.get(pattern, (response, request) => this.#serveCheck(response, request));
    }
    native.head('/*', (response, request) => this.#serveHead(response, request));
    this.#server.get('/*', (request, response) => this.#serve('GET', request, response));
    this.#server.post('/*', (request, response) => this.#serve('POST', request, response));
    // Whose name is not looked at: hyper-express takes `get` for GET, which is another method (RFC
    // 9110, section 9.1).
    this.#server.any('/*', (request, response) => this.#serve('other', request, response));
  }

  listen(port: number, exclusive: boolean): Promise<void> {
    const options = exclusive ? LISTEN_EXCLUSIVE_PORT : LISTEN_SHARED;
    return new Promise((resolve, reject) => {
      this.#server.uws_instance.listen(port, options, (socket) => {
        if (socket === false) reject(new Error('the port is taken, or not permitted'));
        else {
          this.#socket = socket;
          resolve();
        }
      });
    });
  }

  drain(): Promise<void> {
    this.#draining = true;
    if (this.#socket !== undefined) uWebSockets.us_listen_socket_close(this.#socket);
    this.#socket = undefined;
    return this.#inFlight.idle();
  }

  /** A thread that ended with its listener open would abort the process. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#server.uws_instance.close();
  }

  /** `change`: 1 for a connection that opened, -1 for one that closed. */
  #connectionsChanged(response: HttpResponse, change: number): void {
    if (change > 0) this.#peers.opened(binaryClient(response.getRemoteAddress()));
    else this.#peers.closed();
  }

  #serveCheck(response: HttpResponse, request: HttpRequest): void {
    let reply: HandlerResponse;
    try {
      const client = this.#clientOf(response, request.getHeader('x-forwarded-for'));
      reply = this.#front.checks.reply(request.getUrl(), request.getQuery() ?? '', client);
    } catch (error) {
      reply = this.#failed(error);
    }
    writeHead(response, reply);
    response.end(reply.body, this.#draining);
  }

  #serveHead(response: HttpResponse, request: HttpRequest): void {
    let reply: HandlerResponse | Promise<HandlerResponse>;
    try {
      reply = this.#front.handler.handle({
        method: 'HEAD',
        path: request.getUrl(),
        query: request.getQuery() ?? '',
        client: this.#clientOf(response, request.getHeader('x-forwarded-for')),
      });
    } catch (error) {
      reply = this.#failed(error);
    }
    if (reply instanceof Promise) this.#endHeadLater(response, reply);
    else this.#endHead(response, reply);
  }

  #endHeadLater(response: HttpResponse, later: Promise<HandlerResponse>): void {
    let isAborted = false;
    response.onAborted(() => {
      isAborted = true;
    });
    this.#settle(later, (reply) => {
      if (!isAborted) response.cork(() => this.#endHead(response, reply));
    });
  }

  /**
   * The length and the end of the connection are written by hand: with arguments, `endWithoutBody`
   * of this version aborts the process, waits for a body, or writes a second length.
   */
  #endHead(response: HttpResponse, reply: HandlerResponse): void {
    writeHead(response, reply);
    response.writeHeader('Content-Length', String(Buffer.byteLength(reply.body)));
    if (this.#draining) response.writeHeader('Connection', 'close');
    response.endWithoutBody();
  }

  #serve(method: string, request: HyperExpress.Request, response: HyperExpress.Response): void {
    let reply: HandlerResponse | Promise<HandlerResponse>;
    try {
      reply = this.#front.handler.handle({
        method,
        path: request.path,
        query: request.path_query ?? '',
        client: this.#clientOf(response.raw, request.headers['x-forwarded-for'] ?? ''),
      });
    } catch (error) {
      reply = this.#failed(error);
    }
    if (!(reply instanceof Promise)) this.#end(response, reply);
    else {
      this.#settle(reply, (settled) =>
        settled.file === undefined
          ? this.#end(response, settled)
          : this.#sendFile(settled.file, settled, response),
      );
    }
  }

  /** In chunks: a file that cannot be read to its end cuts the answer short. */
  async #sendFile(
    file: string,
    reply: HandlerResponse,
    response: HyperExpress.Response,
  ): Promise<void> {
    try {
      const body = await openOnce(file);
      body.on('error', () => response.close());
      response.status(reply.status).header('Content-Type', reply.contentType);
      await response.stream(body);
    } catch (error) {
      this.#end(response, this.#failed(error));
    }
  }

  #end(response: HyperExpress.Response, reply: HandlerResponse): void {
    response.status(reply.status).header('Content-Type', reply.contentType);
    if (reply.location !== '') response.header('Location', reply.location);
    if (reply.allow !== '') response.header('Allow', reply.allow);
    response.send(reply.body, this.#draining);
  }

  #settle(
    later: Promise<HandlerResponse>,
    end: (reply: HandlerResponse) => void | Promise<void>,
  ): void {
    this.#inFlight.begin();
    later
      .catch((error: unknown) => this.#failed(error))
      .then(end)
      .finally(() => this.#inFlight.end());
  }

  #clientOf(response: HttpResponse, forwarded: string): ClientKey {
    const named = forwarded === '' ? '' : forwardedClient(forwarded);
    if (named !== '') return named;
    return this.#peers.only ?? binaryClient(response.getRemoteAddress());
  }

  #failed(error: unknown): HandlerResponse {
    this.#front.log.error({ err: error }, 'a request failed');
    return INTERNAL_ERROR_REPLY;
  }
}

/** Status line and headers; nothing is written for a plain 200, which is the engine's default. */
function writeHead(response: HttpResponse, reply: HandlerResponse): void {
  if (reply.status !== 200) {
    response.writeStatus(`${reply.status} ${STATUS_CODES[reply.status] ?? ''}`);
  }
  response.writeHeader('Content-Type', reply.contentType);
  if (reply.location !== '') response.writeHeader('Location', reply.location);
  if (reply.allow !== '') response.writeHeader('Allow', reply.allow);
}
