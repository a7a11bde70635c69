/**
 * The engine on hyper-express and uWebSockets.js. Two kinds of requests bypass hyper-express and go
 * straight to uWebSockets: checks, because each microsecond counts there; and HEAD, because
 * hyper-express would send a body with it, or a length that leaves the connection waiting for one.
 */

import uWebSockets, { type HttpRequest, type HttpResponse } from 'uWebSockets.js';
import { STATUS_CODES } from 'node:http';
import HyperExpress from 'hyper-express';
import { LOW_PRIORITY_QUERY } from '../checks.js';
import { binaryClient, forwardedClient } from '../client-address.js';
import type { ClientKey } from '../recent-apps.js';
import { type HandlerResponse, INTERNAL_ERROR_RESPONSE } from '../response.js';
import { openAndUnlink } from '../temporary-file.js';
import { ConnectedPeers } from './connected-peers.js';
import { type Engine, type EngineContext, InFlight } from './engine.js';
import { UwsSink } from './uws-sink.js';

/** Requests need no body; a larger one is refused (413). */
const BODY_BYTES_MAX = 64 * 1024;

/** Options of `listen` (`LIBUS_LISTEN_…`), which the types of the package do not declare. */
const LISTEN_SHARED = 0;
const LISTEN_EXCLUSIVE_PORT = 1;

const CHECK_PATTERNS = [
  '/check/*',
  '/check-if-exists/*',
  '/check-read/*',
  '/check-read-if-exists/*',
];

export class UwsEngine implements Engine {
  readonly #context: EngineContext;
  readonly #server: HyperExpress.Server;
  readonly #inFlight = new InFlight();
  readonly #peers = new ConnectedPeers();
  #socket: uWebSockets.us_listen_socket | undefined;
  #draining = false;
  #closed = false;

  constructor(context: EngineContext) {
    this.#context = context;
    this.#server = new HyperExpress.Server({ auto_close: false, max_body_length: BODY_BYTES_MAX });
    const native = this.#server.uws_instance;
    native.filter((res, change) => this.#connectionsChanged(res, Number(change)));
    for (const pattern of CHECK_PATTERNS) {
      native.get(pattern, (res, req) => this.#serveCheck(res, req));
    }
    native.get('/web/stream', (res, req) =>
      this.#serveRaw('GET', res, req, (response) => this.#openStream(res, response)),
    );
    native.head('/*', (res, req) => this.#serveHead(res, req));
    this.#server.get('/*', (req, res) => this.#serve('GET', req, res));
    this.#server.post('/*', (req, res) => this.#serve('POST', req, res));
    this.#server.options('/*', (req, res) => this.#serve('OPTIONS', req, res));
    // Under one name for all: hyper-express takes `get` for GET, but method names are
    // case-sensitive (RFC 9110, section 9.1).
    this.#server.any('/*', (req, res) => this.#serve('other', req, res));
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
  #connectionsChanged(res: HttpResponse, change: number): void {
    const { connections } = this.#context;
    if (change < 0) {
      this.#peers.closed();
      connections.closed();
      return;
    }
    this.#peers.opened(binaryClient(res.getRemoteAddress()));
    if (!connections.opened()) res.close();
  }

  /** Nearly all checks ask for nothing but the result. */
  #serveCheck(res: HttpResponse, req: HttpRequest): void {
    const query = req.getQuery() ?? '';
    if (query !== '' && query !== LOW_PRIORITY_QUERY) {
      this.#serveRaw('GET', res, req, (response) => this.#endRaw(res, response));
      return;
    }
    let response: HandlerResponse;
    try {
      const { checks, access } = this.#context;
      const client = this.#clientOf(res, req.getHeader('x-forwarded-for'));
      const path = req.getUrl();
      response =
        (access.checksAreOpen ? null : this.#refusalOfCheck(path, req, client)) ??
        checks.respond(path, query, client);
    } catch (error) {
      response = this.#failed(error);
    }
    this.#endRaw(res, response);
  }

  #refusalOfCheck(path: string, req: HttpRequest, client: ClientKey): HandlerResponse | null {
    const authorization = req.getHeader('authorization');
    return this.#context.access.refusalOfCheck(path, { authorization, certificate: '', client });
  }

  #endRaw(res: HttpResponse, response: HandlerResponse): void {
    writeHead(res, response);
    res.end(response.body, this.#draining);
  }

  #openStream(res: HttpResponse, response: HandlerResponse): void {
    if (response.stream === undefined) {
      this.#endRaw(res, response);
      return;
    }
    writeHead(res, response);
    response.stream(new UwsSink(res));
  }

  #serveHead(res: HttpResponse, req: HttpRequest): void {
    this.#serveRaw('HEAD', res, req, (response) => this.#endHead(res, response));
  }

  #serveRaw(
    method: 'GET' | 'HEAD',
    res: HttpResponse,
    req: HttpRequest,
    end: (response: HandlerResponse) => void,
  ): void {
    let response: HandlerResponse | Promise<HandlerResponse>;
    let gone = (): void => {};
    try {
      response = this.#context.handler.handle({
        method,
        onAbort: (listener) => {
          gone = listener;
        },
        path: req.getUrl(),
        query: req.getQuery() ?? '',
        client: this.#clientOf(res, req.getHeader('x-forwarded-for')),
        header: (name) => req.getHeader(name),
      });
    } catch (error) {
      response = this.#failed(error);
    }
    if (!(response instanceof Promise)) {
      end(response);
      return;
    }
    let isAborted = false;
    res.onAborted(() => {
      isAborted = true;
      gone();
    });
    this.#settle(response, (settled) => {
      if (!isAborted) res.cork(() => end(settled));
    });
  }

  /**
   * Writes `Content-Length` and `Connection` itself: with arguments, `endWithoutBody` of this
   * version aborts the process, waits for a body, or writes a second length.
   */
  #endHead(res: HttpResponse, response: HandlerResponse): void {
    writeHead(res, response);
    res.writeHeader('Content-Length', String(Buffer.byteLength(response.body)));
    if (this.#draining) res.writeHeader('Connection', 'close');
    res.endWithoutBody();
  }

  #serve(method: string, req: HyperExpress.Request, res: HyperExpress.Response): void {
    let response: HandlerResponse | Promise<HandlerResponse>;
    try {
      response = this.#context.handler.handle({
        method,
        path: req.path,
        query: req.path_query ?? '',
        client: this.#clientOf(res.raw, req.headers['x-forwarded-for'] ?? ''),
        onAbort: (listener) => res.once('abort', listener),
        header: (name) => req.headers[name] ?? '',
      });
    } catch (error) {
      response = this.#failed(error);
    }
    if (!(response instanceof Promise)) this.#end(res, response);
    else {
      this.#settle(response, (settled) =>
        settled.file === undefined
          ? this.#end(res, settled)
          : this.#sendFile(settled.file, settled, res),
      );
    }
  }

  /** In chunks: when the file cannot be read to its end, the response is truncated. */
  async #sendFile(
    file: string,
    response: HandlerResponse,
    res: HyperExpress.Response,
  ): Promise<void> {
    try {
      const body = await openAndUnlink(file);
      body.on('error', () => res.close());
      res.status(response.status).header('Content-Type', response.contentType);
      await res.stream(body);
    } catch (error) {
      this.#end(res, this.#failed(error));
    }
  }

  #end(res: HyperExpress.Response, response: HandlerResponse): void {
    res.status(response.status).header('Content-Type', response.contentType);
    if (response.location !== '') res.header('Location', response.location);
    if (response.allow !== '') res.header('Allow', response.allow);
    for (const [name, value] of response.headers ?? []) res.header(name, value);
    res.send(response.body, this.#draining);
  }

  #settle(
    later: Promise<HandlerResponse>,
    end: (response: HandlerResponse) => void | Promise<void>,
  ): void {
    this.#inFlight.begin();
    later
      .catch((error: unknown) => this.#failed(error))
      .then(end)
      .finally(() => this.#inFlight.end());
  }

  #clientOf(res: HttpResponse, forwarded: string): ClientKey {
    const forwardedFrom = forwarded === '' ? '' : forwardedClient(forwarded);
    if (forwardedFrom !== '') return forwardedFrom;
    return this.#peers.solePeer ?? binaryClient(res.getRemoteAddress());
  }

  #failed(error: unknown): HandlerResponse {
    this.#context.log.error({ err: error }, 'a request failed');
    return INTERNAL_ERROR_RESPONSE;
  }
}

/** Status line and headers; a plain 200 is the engine's default and not written. */
function writeHead(res: HttpResponse, response: HandlerResponse): void {
  if (response.status !== 200) {
    res.writeStatus(`${response.status} ${STATUS_CODES[response.status] ?? ''}`);
  }
  res.writeHeader('Content-Type', response.contentType);
  if (response.location !== '') res.writeHeader('Location', response.location);
  if (response.allow !== '') res.writeHeader('Allow', response.allow);
  for (const [name, value] of response.headers ?? []) res.writeHeader(name, value);
}
