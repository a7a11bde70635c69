/**
 * The engine on hyper-express and uWebSockets.js. Some requests bypass hyper-express and go
 * straight to uWebSockets: checks, and the commands that scripts send, because each microsecond
 * counts there; and HEAD, because hyper-express would send a body with it, or a length that leaves
 * the connection waiting for one.
 */

import uWebSockets, { type HttpRequest, type HttpResponse } from 'uWebSockets.js';
import HyperExpress from 'hyper-express';
import type { ListenTlsSettings } from '../../../contracts/http.js';
import { LOW_PRIORITY_QUERY } from '../checks.js';
import { binaryClient, forwardedClient } from '../client-address.js';
import type { HandlerRequest } from '../handler-request.js';
import type { ClientKey } from '../recent-apps.js';
import {
  type HandlerResponse,
  INTERNAL_ERROR_RESPONSE,
  TOO_MANY_BODIES_RESPONSE,
} from '../response.js';
import { openAndUnlink } from '../temporary-file.js';
import { ConnectedPeers } from './connected-peers.js';
import { type Engine, type EngineContext, InFlight, type Listening } from './engine.js';
import { asksToClose, type Framing, framingOf, MALFORMED_RESPONSE } from './framing.js';
import { HeldBodies } from './held-bodies.js';
import { isCheckAll, TurnBudget } from './turn-budget.js';
import { LargeBodySender } from './uws-large-body.js';
import { listenWith } from './uws-listen.js';
import {
  bodyOf,
  CONNECTION,
  CONTENT_LENGTH,
  copyOfHeaders,
  FORWARDED_FOR,
  framingOfRaw,
  mustClose,
  TRANSFER_ENCODING,
  writeHead,
} from './uws-requests.js';
import { UwsSink } from './uws-sink.js';

/** Requests need no body; a larger one is refused (413). */
const BODY_BYTES_MAX = 64 * 1024;

/** How many plain checks take as long as a request that passes hyper-express. */
const OTHER_WEIGHT = 4;
const CHECK_ALL_WEIGHT = 64;

const CHECK_PATTERNS = [
  '/check/*',
  '/check-if-exists/*',
  '/check-read/*',
  '/check-read-if-exists/*',
];

const COMMAND_PATTERNS = [
  '/throttle-app/*',
  '/unthrottle-app/*',
  '/skip-host/*',
  '/recover-host/*',
  '/exempt-app/*',
  '/unexempt-app/*',
];

type RawEnd = (response: HandlerResponse, closes: boolean) => void;

export class UwsEngine implements Engine {
  readonly #context: EngineContext;
  readonly #server: HyperExpress.Server;
  readonly #inFlight = new InFlight();
  readonly #peers = new ConnectedPeers();
  readonly #turn = new TurnBudget();
  readonly #held = new HeldBodies();
  readonly #largeBodies = new LargeBodySender();
  #socket: uWebSockets.us_listen_socket | undefined;
  #draining = false;
  #closed = false;

  /** `tls` null: plain HTTP. Throws when its files cannot be used. */
  constructor(context: EngineContext, tls: ListenTlsSettings | null = null) {
    this.#context = context;
    this.#server = new HyperExpress.Server({
      auto_close: false,
      max_body_length: BODY_BYTES_MAX,
      ...(tls !== null && { cert_file_name: tls.certFile, key_file_name: tls.keyFile }),
    });
    const native = this.#server.uws_instance;
    native.filter((res, change) => this.#connectionsChanged(res, Number(change)));
    for (const pattern of CHECK_PATTERNS) {
      native.get(pattern, (res, req) => this.#serveCheck(res, req));
    }
    for (const pattern of COMMAND_PATTERNS) {
      native.get(pattern, (res, req) =>
        this.#serveRaw('GET', res, req, (response, closes) => this.#endRaw(res, response, closes)),
      );
    }
    native.get('/web/stream', (res, req) =>
      this.#serveRaw('GET', res, req, (response, closes) =>
        this.#openStream(res, response, closes),
      ),
    );
    native.head('/*', (res, req) => this.#serveHead(res, req));
    this.#server.get('/*', (req, res) => this.#serve('GET', req, res));
    this.#server.post('/*', (req, res) => this.#serve('POST', req, res));
    this.#server.options('/*', (req, res) => this.#serve('OPTIONS', req, res));
    // Under one name for all: hyper-express takes `get` for GET, but method names are
    // case-sensitive (RFC 9110, section 9.1).
    this.#server.any('/*', (req, res) => this.#serve('other', req, res));
  }

  async listen(where: Listening): Promise<void> {
    this.#socket = await listenWith(this.#server.uws_instance, where);
  }

  /** No open connection. */
  get isUnused(): boolean {
    return this.#peers.isEmpty;
  }

  /** Accepts no new connections; those that are open are served as before. */
  retire(): void {
    if (this.#socket !== undefined) uWebSockets.us_listen_socket_close(this.#socket);
    this.#socket = undefined;
  }

  drain(): Promise<void> {
    this.#draining = true;
    this.retire();
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
    // An idle connection cannot make room: nothing says which one an object of an earlier event is,
    // nor whether it is still open, and to close one that is not would end the process.
    if (!connections.opened()) res.close();
  }

  /** Nearly all checks ask for nothing but the result, and have no body. */
  #serveCheck(res: HttpResponse, req: HttpRequest): void {
    const query = req.getQuery() ?? '';
    const { checks, access } = this.#context;
    const isPlain =
      (query === '' || query === LOW_PRIORITY_QUERY) &&
      req.getHeader(CONTENT_LENGTH) === '' &&
      req.getHeader(TRANSFER_ENCODING) === '' &&
      !asksToClose(req.getHeader(CONNECTION));
    if (checks === null || !isPlain || !this.#turn.take()) {
      this.#serveRaw('GET', res, req, (response, closes) => this.#endRaw(res, response, closes));
      return;
    }
    let response: HandlerResponse;
    try {
      const client = this.#clientOf(res, req.getHeader(FORWARDED_FOR));
      const path = req.getUrl();
      response =
        (access.checksAreOpen ? null : this.#refusalOfCheck(path, req, client)) ??
        checks.respond(path, query, client);
    } catch (error) {
      response = this.#failed(error);
    }
    if (this.#turn.isFresh) this.#endRaw(res, response, this.#draining);
    else res.cork(() => this.#endRaw(res, response, this.#draining));
  }

  #refusalOfCheck(path: string, req: HttpRequest, client: ClientKey): HandlerResponse | null {
    const authorization = req.getHeader('authorization');
    return this.#context.access.refusalOfCheck(path, { authorization, certificate: '', client });
  }

  #endRaw(res: HttpResponse, response: HandlerResponse, closes: boolean): void {
    writeHead(res, response);
    res.end(response.body, closes);
  }

  #openStream(res: HttpResponse, response: HandlerResponse, closes: boolean): void {
    if (response.stream === undefined) {
      this.#endRaw(res, response, closes);
      return;
    }
    writeHead(res, response);
    response.stream(new UwsSink(res));
  }

  #serveHead(res: HttpResponse, req: HttpRequest): void {
    this.#serveRaw('HEAD', res, req, (response, closes) => this.#endHead(res, response, closes));
  }

  #serveRaw(method: 'GET' | 'HEAD', res: HttpResponse, req: HttpRequest, end: RawEnd): void {
    const path = req.getUrl();
    const framing = framingOfRaw(req, path);
    const hasBody = framing === 'length' || framing === 'chunked';
    const headers = hasBody ? copyOfHeaders(req) : undefined;
    const closes = mustClose(framing, req.getHeader(CONNECTION));
    const isOver = !this.#turn.take();
    let gone = (): void => {};
    const request: HandlerRequest = {
      method,
      onAbort: (listener) => {
        gone = listener;
      },
      path,
      query: req.getQuery() ?? '',
      client: this.#clientOf(res, req.getHeader(FORWARDED_FOR)),
      header: (name) => (headers === undefined ? req.getHeader(name) : (headers.get(name) ?? '')),
    };
    let isAborted = false;
    let bodyEnded = (): void => {};
    const response = hasBody
      ? bodyOf(res, (listener) => {
          bodyEnded = listener;
        }).then(() => (isAborted ? MALFORMED_RESPONSE : this.#answer(request, framing, closes)))
      : this.#answer(request, framing, isOver || closes);
    if (!(response instanceof Promise)) {
      end(response, this.#draining);
      return;
    }
    res.onAborted(() => {
      if (isOver) this.#context.connections.pipelined();
      isAborted = true;
      gone();
      bodyEnded();
    });
    this.#settle(response, (settled) => {
      if (!isAborted) res.cork(() => end(settled, closes || this.#draining));
    });
  }

  /**
   * Writes `Content-Length` and `Connection` itself: with arguments, `endWithoutBody` of this
   * version aborts the process, waits for a body, or writes a second length.
   */
  #endHead(res: HttpResponse, response: HandlerResponse, closes: boolean): void {
    writeHead(res, response);
    res.writeHeader('Content-Length', String(Buffer.byteLength(response.body)));
    if (closes) res.writeHeader('Connection', 'close');
    res.endWithoutBody();
  }

  #serve(method: string, req: HyperExpress.Request, res: HyperExpress.Response): void {
    const framing = framingOf((visit) => req.raw.forEach(visit));
    const closes = mustClose(framing, req.headers.connection ?? '');
    const isOver = !this.#turn.take(isCheckAll(req.path) ? CHECK_ALL_WEIGHT : OTHER_WEIGHT);
    if (isOver) res.once('abort', () => this.#context.connections.pipelined());
    const request: HandlerRequest = {
      method,
      path: req.path,
      query: req.path_query ?? '',
      client: this.#clientOf(res.raw, req.headers['x-forwarded-for'] ?? ''),
      onAbort: (listener) => res.once('abort', listener),
      header: (name) => req.headers[name] ?? '',
    };
    if (framing === 'malformed') {
      // Not through hyper-express, which waits for the body first.
      this.#settle(this.#afterTurn(MALFORMED_RESPONSE), (response) => {
        if (!res.completed) res.raw.cork(() => this.#endRaw(res.raw, response, true));
      });
    } else if (req.received) {
      this.#finish(res, this.#answer(request, framing, isOver || closes), closes);
    } else {
      // Does not resolve when the body is malformed: the engine has closed the connection then.
      void req
        .buffer()
        .then(() => this.#finish(res, this.#answer(request, framing, closes), closes));
    }
  }

  #finish(
    res: HyperExpress.Response,
    response: HandlerResponse | Promise<HandlerResponse>,
    closes: boolean,
  ): void {
    if (!(response instanceof Promise)) this.#end(res, response, closes);
    else {
      this.#settle(response, (settled) =>
        settled.file === undefined
          ? this.#end(res, settled, closes)
          : this.#sendFile(settled.file, settled, res),
      );
    }
  }

  #answer(
    request: HandlerRequest,
    framing: Framing,
    isLater: boolean,
  ): HandlerResponse | Promise<HandlerResponse> {
    const response = framing === 'malformed' ? MALFORMED_RESPONSE : this.#handled(request);
    return isLater ? this.#afterTurn(response) : response;
  }

  /**
   * So that the engine closes the connection when another request follows in what it has read.
   */
  async #afterTurn(response: HandlerResponse | Promise<HandlerResponse>): Promise<HandlerResponse> {
    // The handler may overwrite its own.
    const settled = response instanceof Promise ? response : { ...response };
    await this.#turn.over();
    return settled;
  }

  #handled(request: HandlerRequest): HandlerResponse | Promise<HandlerResponse> {
    try {
      return this.#context.handler.handle(request);
    } catch (error) {
      return this.#failed(error);
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
      try {
        body.on('error', () => res.close());
        res.status(response.status).header('Content-Type', response.contentType);
        await res.stream(body);
      } finally {
        // A client that has gone before leaves it unread.
        if (res.completed) body.destroy();
      }
    } catch (error) {
      this.#end(res, this.#failed(error), true);
    }
  }

  /** Around hyper-express, which has no part in the body. */
  #sendLarge(res: HttpResponse, response: HandlerResponse, body: Buffer): void {
    if (!this.#held.hold(body)) {
      this.#context.connections.requestRefused();
      res.cork(() => this.#endRaw(res, TOO_MANY_BODIES_RESPONSE, this.#draining));
      return;
    }
    this.#inFlight.begin();
    void this.#largeBodies
      .send(res, body, () => writeHead(res, response))
      .finally(() => {
        this.#held.release(body);
        this.#inFlight.end();
      });
  }

  #end(res: HyperExpress.Response, response: HandlerResponse, closes: boolean): void {
    if (HeldBodies.isLarge(response.body)) {
      if (!res.completed) this.#sendLarge(res.raw, response, response.body);
      return;
    }
    res.status(response.status).header('Content-Type', response.contentType);
    if (response.location !== '') res.header('Location', response.location);
    if (response.allow !== '') res.header('Allow', response.allow);
    for (const [name, value] of response.headers ?? []) res.header(name, value);
    res.send(response.body, closes || this.#draining);
  }

  #settle(
    later: Promise<HandlerResponse>,
    end: (response: HandlerResponse) => void | Promise<void>,
  ): void {
    this.#inFlight.begin();
    later
      .then(end, (error: unknown) => end(this.#failed(error)))
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
