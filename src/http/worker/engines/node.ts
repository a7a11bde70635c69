/**
 * The engine on node:http: slower, and at home where the native one cannot run; it serves HTTP/1.0
 * too.
 */
import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type Server,
  type ServerResponse,
} from 'node:http';
import { pipeline } from 'node:stream/promises';
import { messageOf } from '../../../base/errors.js';
import { forwardedClient, textClient } from '../client-address.js';
import { openOnce } from '../file-body.js';
import type { HandlerRequest } from '../handler.js';
import { type HandlerResponse, INTERNAL_ERROR_REPLY } from '../response.js';
import { type Engine, type EngineContext, InFlight } from './engine.js';

/** Idle connections close after this, as with the native engine. */
const IDLE_TIMEOUT_MS = 10_000;

export class NodeEngine implements Engine {
  readonly #front: EngineContext;
  readonly #server: Server;
  readonly #inFlight = new InFlight();
  #draining = false;

  constructor(front: EngineContext) {
    this.#front = front;
    this.#server = createServer({ keepAliveTimeout: IDLE_TIMEOUT_MS }, (message, response) =>
      this.#serve(message, response),
    );
  }

  listen(port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ port, exclusive: true }, () => {
        this.#server.off('error', reject);
        this.#server.on('error', (error) => this.#front.log.error({ err: error }, 'HTTP server'));
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

  #serve(message: IncomingMessage, response: ServerResponse): void {
    message.resume();
    try {
      const reply = this.#front.handler.handle(requestOf(message));
      if (reply instanceof Promise) this.#sendLater(reply, message, response);
      else this.#send(reply, message, response);
    } catch (error) {
      this.#fail(error, message, response);
    }
  }

  #sendLater(
    reply: Promise<HandlerResponse>,
    message: IncomingMessage,
    response: ServerResponse,
  ): void {
    this.#inFlight.begin();
    reply
      .then((settled) =>
        settled.file === undefined
          ? this.#send(settled, message, response)
          : this.#sendFile(settled.file, settled, response),
      )
      .catch((error: unknown) => this.#fail(error, message, response))
      .finally(() => this.#inFlight.end());
  }

  #fail(error: unknown, message: IncomingMessage, response: ServerResponse): void {
    this.#front.log.error({ err: error, reason: messageOf(error) }, 'a request failed');
    this.#send(INTERNAL_ERROR_REPLY, message, response);
  }

  #send(reply: HandlerResponse, message: IncomingMessage, response: ServerResponse): void {
    const headers: OutgoingHttpHeaders = {
      'Content-Type': reply.contentType,
      'Content-Length': Buffer.byteLength(reply.body),
    };
    if (reply.location !== '') headers.Location = reply.location;
    if (reply.allow !== '') headers.Allow = reply.allow;
    if (this.#draining) headers.Connection = 'close';
    response.writeHead(reply.status, headers);
    response.end(message.method === 'HEAD' ? undefined : reply.body);
  }

  /**
   * In chunks: a connection that breaks, or a file that cannot be read to its end, cuts the answer
   * short.
   */
  async #sendFile(file: string, reply: HandlerResponse, response: ServerResponse): Promise<void> {
    const body = await openOnce(file);
    response.writeHead(reply.status, { 'Content-Type': reply.contentType });
    await pipeline(body, response).catch((error: unknown) => {
      this.#front.log.debug({ reason: messageOf(error) }, 'a file was not sent to its end');
    });
  }
}

function requestOf(message: IncomingMessage): HandlerRequest {
  const target = originForm(message.url ?? '/');
  const mark = target.indexOf('?');
  const forwarded = message.headers['x-forwarded-for'];
  const named = typeof forwarded === 'string' ? forwardedClient(forwarded) : '';
  return {
    method: message.method ?? 'GET',
    path: mark === -1 ? target : target.slice(0, mark),
    query: mark === -1 ? '' : target.slice(mark + 1),
    client: named !== '' ? named : textClient(message.socket.remoteAddress ?? ''),
  };
}

/** A target in absolute form (RFC 9112, section 3.2.2) without its scheme and authority. */
function originForm(target: string): string {
  if (target.startsWith('/')) return target;
  const path = /^https?:\/\/[^/?]*(.*)$/i.exec(target)?.[1];
  return path === undefined || path.startsWith('/') ? (path ?? target) : `/${path}`;
}
