/**
 * The engine on node:http: slower, for platforms where the native one does not load, and for
 * clients of HTTP/1.0.
 */
import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { messageOf } from '../../../base/errors.js';
import { forwardedClient, textClient } from '../client-address.js';
import type { HandlerRequest } from '../handler-request.js';
import {
  type HandlerResponse,
  INTERNAL_ERROR_RESPONSE,
  TOO_MANY_BODIES_RESPONSE,
} from '../response.js';
import { openAndUnlink } from '../temporary-file.js';
import { type Engine, type EngineContext, InFlight } from './engine.js';
import { MALFORMED_RESPONSE } from './framing.js';
import { HeldBodies, TRANSFER_MS_MAX } from './held-bodies.js';
import { NodeConnections } from './node-connections.js';
import { NodeSink } from './node-sink.js';

/**
 * Connections close after this while they are idle, or their request is not whole, as with the
 * native engine.
 */
const IDLE_TIMEOUT_MS = 10_000;

export class NodeEngine implements Engine {
  readonly #context: EngineContext;
  readonly #server: Server;
  readonly #inFlight = new InFlight();
  readonly #connections = new NodeConnections();
  readonly #held = new HeldBodies();
  #draining = false;

  constructor(context: EngineContext, idleTimeoutMs = IDLE_TIMEOUT_MS) {
    this.#context = context;
    const times = {
      keepAliveTimeout: idleTimeoutMs,
      headersTimeout: idleTimeoutMs,
      requestTimeout: idleTimeoutMs,
      connectionsCheckingInterval: idleTimeoutMs / 10,
    };
    this.#server = createServer(times, (req, res) => this.#receive(req, res));
    this.#server.on('connection', (socket) => {
      socket.once('close', () => context.connections.closed());
      if (context.connections.opened()) this.#connections.opened(socket);
      else socket.destroy();
    });
    // An expectation that is not known is ignored (RFC 9110, section 10.1.1).
    this.#server.on('checkExpectation', (req, res) => this.#receive(req, res));
    this.#server.on('clientError', (error, socket) =>
      this.#connections.failed(error, socket as Socket),
    );
  }

  listen(port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ port, exclusive: true }, () => {
        this.#server.off('error', reject);
        this.#server.on('error', (error) => this.#context.log.error({ err: error }, 'HTTP server'));
        resolve();
      });
    });
  }

  drain(): Promise<void> {
    this.#draining = true;
    this.#server.close();
    return this.#inFlight.idle();
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  /** Nothing is carried out before the request is known to be whole. */
  #receive(req: IncomingMessage, res: ServerResponse): void {
    const { socket } = req;
    const accepted = this.#connections.accept(req);
    if (accepted !== 'accepted') {
      if (accepted === 'too many') this.#context.connections.pipelined();
      return;
    }
    req.resume();
    const { 'content-length': length, 'transfer-encoding': coding } = req.headers;
    if (coding !== undefined && !/^chunked$/i.test(coding)) {
      this.#connections.closes(socket);
      this.#send(MALFORMED_RESPONSE, req, res.setHeader('Connection', 'close'));
      return;
    }
    if (!res.shouldKeepAlive) this.#connections.closes(socket);
    if (coding === undefined && (length === undefined || length === '0')) this.#serve(req, res);
    else this.#connections.whenWhole(req, () => this.#serve(req, res));
  }

  #serve(req: IncomingMessage, res: ServerResponse): void {
    this.#connections.carriedOut(req.socket, res);
    try {
      const response = this.#context.handler.handle(requestOf(req, res));
      if (response instanceof Promise) this.#sendLater(response, req, res);
      else this.#send(response, req, res);
    } catch (error) {
      this.#fail(error, req, res);
    }
  }

  #sendLater(response: Promise<HandlerResponse>, req: IncomingMessage, res: ServerResponse): void {
    this.#inFlight.begin();
    response
      .then((settled) =>
        settled.file === undefined
          ? this.#send(settled, req, res)
          : this.#sendFile(settled.file, settled, res),
      )
      .catch((error: unknown) => this.#fail(error, req, res))
      .finally(() => this.#inFlight.end());
  }

  #fail(error: unknown, req: IncomingMessage, res: ServerResponse): void {
    this.#context.log.error({ err: error, reason: messageOf(error) }, 'a request failed');
    this.#send(INTERNAL_ERROR_RESPONSE, req, res);
  }

  #send(asked: HandlerResponse, req: IncomingMessage, res: ServerResponse): void {
    const response = this.#withPlace(asked, req, res);
    const headers: OutgoingHttpHeaders = {
      'Content-Type': response.contentType,
      ...(response.stream === undefined && { 'Content-Length': Buffer.byteLength(response.body) }),
      ...Object.fromEntries(response.headers ?? []),
    };
    if (response.location !== '') headers.Location = response.location;
    if (response.allow !== '') headers.Allow = response.allow;
    if (this.#draining) headers.Connection = 'close';
    res.writeHead(response.status, headers);
    if (req.method === 'HEAD') res.end();
    else if (response.stream === undefined) res.end(response.body);
    else response.stream(new NodeSink(res));
  }

  /** The response, or the one that refuses to send so long a body now. */
  #withPlace(
    response: HandlerResponse,
    req: IncomingMessage,
    res: ServerResponse,
  ): HandlerResponse {
    const { body } = response;
    if (!HeldBodies.isLarge(body) || req.method === 'HEAD' || res.destroyed) return response;
    if (!this.#held.hold(body)) {
      this.#context.connections.requestRefused();
      return TOO_MANY_BODIES_RESPONSE;
    }
    const timer = setTimeout(() => res.destroy(), TRANSFER_MS_MAX);
    res.once('close', () => {
      clearTimeout(timer);
      this.#held.release(body);
    });
    return response;
  }

  /**
   * In chunks: when the connection breaks, or the file cannot be read to its end, the response is
   * truncated.
   */
  async #sendFile(file: string, response: HandlerResponse, res: ServerResponse): Promise<void> {
    const body = await openAndUnlink(file);
    try {
      if (res.destroyed) return;
      res.writeHead(response.status, { 'Content-Type': response.contentType });
      await pipeline(body, res);
    } catch (error) {
      this.#context.log.debug({ reason: messageOf(error) }, 'a file was not sent to its end');
    } finally {
      body.destroy();
    }
  }
}

function requestOf(req: IncomingMessage, res: ServerResponse): HandlerRequest {
  const target = originForm(req.url ?? '/');
  const queryAt = target.indexOf('?');
  const forwarded = req.headers['x-forwarded-for'];
  const forwardedFrom = typeof forwarded === 'string' ? forwardedClient(forwarded) : '';
  return {
    method: req.method ?? 'GET',
    path: queryAt === -1 ? target : target.slice(0, queryAt),
    query: queryAt === -1 ? '' : target.slice(queryAt + 1),
    client: forwardedFrom !== '' ? forwardedFrom : textClient(req.socket.remoteAddress ?? ''),
    header: (name) => headerText(req.headers[name]),
    // Also after the response: then there is nothing left to drop.
    onAbort: (listener) => res.once('close', listener),
  };
}

function headerText(value: string | string[] | undefined): string {
  return typeof value === 'string' ? value : (value?.join(', ') ?? '');
}

/** A target in absolute form (RFC 9112, section 3.2.2) without its scheme and authority. */
function originForm(target: string): string {
  if (target.startsWith('/')) return target;
  const path = /^https?:\/\/[^/?]*(.*)$/i.exec(target)?.[1];
  return path === undefined || path.startsWith('/') ? (path ?? target) : `/${path}`;
}
