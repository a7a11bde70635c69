/**
 * The engine on node:http: slower, for platforms where the native one does not load, and for
 * clients of HTTP/1.0.
 */
import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type RequestListener,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { messageOf } from '../../../base/errors.js';
import type { ListenTlsSettings } from '../../../contracts/http.js';
import { forwardedClient, textClient } from '../client-address.js';
import type { HandlerRequest } from '../handler-request.js';
import {
  type HandlerResponse,
  INTERNAL_ERROR_RESPONSE,
  TOO_MANY_BODIES_RESPONSE,
} from '../response.js';
import { openAndUnlink } from '../temporary-file.js';
import { type Engine, type EngineContext, InFlight, type Listening } from './engine.js';
import { MALFORMED_RESPONSE } from './framing.js';
import { HeldBodies, TRANSFER_MS_MAX } from './held-bodies.js';
import { IdleSockets } from './idle-sockets.js';
import { NodeConnections } from './node-connections.js';
import { NodeLargeBodySender } from './node-large-body.js';
import { NodeSink } from './node-sink.js';
import { ClientCertificates, secureContext } from './node-tls.js';

/**
 * Connections close after this while they are idle, or their request is not whole, as with the
 * native engine.
 */
const IDLE_TIMEOUT_MS = 10_000;

export class NodeEngine implements Engine {
  readonly #context: EngineContext;
  readonly #server: Server | TlsServer;
  readonly #tls: ListenTlsSettings | null;
  readonly #certificates = new ClientCertificates();
  readonly #inFlight = new InFlight();
  readonly #connections = new NodeConnections();
  readonly #idle = new IdleSockets();
  readonly #held = new HeldBodies();
  readonly #largeBodies = new NodeLargeBodySender();
  #draining = false;

  /** `tls` null: plain HTTP. Throws `RESOURCE` when its files cannot be used. */
  constructor(
    context: EngineContext,
    tls: ListenTlsSettings | null = null,
    idleTimeoutMs = IDLE_TIMEOUT_MS,
  ) {
    this.#context = context;
    this.#tls = tls;
    const times = {
      keepAliveTimeout: idleTimeoutMs,
      headersTimeout: idleTimeoutMs,
      requestTimeout: idleTimeoutMs,
      connectionsCheckingInterval: idleTimeoutMs / 10,
    };
    const serve = (req: IncomingMessage, res: ServerResponse) => this.#receive(req, res);
    this.#server =
      tls === null ? createServer(times, serve) : this.#tlsServer(tls, idleTimeoutMs, times, serve);
    this.#server.on('connection', (socket) => {
      socket.once('close', () => context.connections.closed());
      const isRefused = !context.connections.opened() && !this.#idle.closeLongestIdle(socket);
      if (isRefused) socket.destroy();
      else if (tls === null) this.#opened(socket);
    });
    // An expectation that is not known is ignored (RFC 9110, section 10.1.1).
    this.#server.on('checkExpectation', (req, res) => this.#receive(req, res));
    // Later than all other times: what they close may get a response that says so.
    this.#server.setTimeout(2 * idleTimeoutMs, (socket: Socket) => {
      if (!this.#connections.isWaiting(socket)) socket.destroy();
    });
    this.#server.on('clientError', (error, socket) => this.#clientFailed(error, socket as Socket));
  }

  #tlsServer(
    tls: ListenTlsSettings,
    handshakeTimeout: number,
    times: ServerOptions,
    serve: RequestListener,
  ): TlsServer {
    const requestCert = tls.clientCaFile !== '';
    // Clients without a certificate are served too: what they may do is not decided here.
    const clients = { requestCert, rejectUnauthorized: false, handshakeTimeout };
    const server = createTlsServer({ ...times, ...clients, ...secureContext(tls) }, serve);
    server.on('secureConnection', (socket) => {
      this.#opened(socket);
      this.#certificates.connected(socket);
    });
    return server;
  }

  #opened(socket: Socket): void {
    this.#connections.opened(socket);
    this.#idle.opened(socket);
  }

  /** After a handshake that failed, a response could not be read. */
  #clientFailed(error: NodeJS.ErrnoException, socket: Socket): void {
    if (this.#tls !== null && !this.#certificates.isConnected(socket)) socket.destroy();
    else this.#connections.failed(error, socket);
  }

  async renewCertificate(): Promise<void> {
    if (this.#tls === null || !('setSecureContext' in this.#server)) return;
    this.#server.setSecureContext(secureContext(this.#tls));
  }

  listen({ port, address }: Listening): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(
        { port, exclusive: true, ...(address !== '' && { host: address }) },
        () => {
          this.#server.off('error', reject);
          this.#server.on('error', (error) =>
            this.#context.log.error({ err: error }, 'HTTP server'),
          );
          resolve();
        },
      );
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
    this.#idle.requested(socket, res);
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
      const response = this.#context.handler.handle(this.#requestOf(req, res));
      if (response instanceof Promise) this.#sendLater(response, req, res);
      else this.#send(response, req, res);
    } catch (error) {
      this.#fail(error, req, res);
    }
  }

  #requestOf(req: IncomingMessage, res: ServerResponse): HandlerRequest {
    const request = requestOf(req, res);
    const certificate = this.#tls === null ? '' : this.#certificates.nameOf(req.socket);
    return certificate === '' ? request : { ...request, certificate };
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
    else if (response.stream !== undefined) response.stream(new NodeSink(res));
    else if (HeldBodies.isLarge(response.body)) this.#largeBodies.send(res, response.body);
    else res.end(response.body);
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
