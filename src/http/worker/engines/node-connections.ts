/**
 * What node:http does not keep of a connection: how much came over it in this turn of the event
 * loop, and whether something may still follow.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

import { isCheckAll } from './turn-budget.js';

/** Requests that may arrive at once over one connection. */
export const PIPELINED_MAX = 64;

/** How many others take as long as a check of many stores. */
const CHECK_ALL_WEIGHT = 16;

/** By the code of an error, as node:http answers it by itself; 400 for all others. */
const STATUS_LINES: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Payload Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

/** Its body is not received yet. */
interface WaitingRequest {
  readonly request: IncomingMessage;
  readonly carryOut: () => void;
}

/** What the documentation of Node.js leaves out. */
interface ParsedSocket extends Socket {
  readonly parser?: { onIncoming?(request: IncomingMessage, keepAlive: boolean): number };
}

/** Lets the parser leave what it has read behind this request as it is. */
const STOP_PARSING = 2;

interface ConnectionState {
  turn: number;
  requestsInTurn: number;
  /** Nothing that follows is carried out. */
  isClosing: boolean;
  /** To the latest request that was carried out. */
  latest: ServerResponse | undefined;
  waiting: WaitingRequest | undefined;
}

export class NodeConnections {
  readonly #states = new WeakMap<Socket, ConnectionState>();
  #turn = 0;
  #isTurnWatched = false;

  /** Node.js would parse the rest of what it has read, even after the connection is closed. */
  opened(socket: Socket): void {
    const { parser } = socket as ParsedSocket;
    const onIncoming = parser?.onIncoming;
    if (parser === undefined || onIncoming === undefined) return;
    parser.onIncoming = (request, keepAlive) =>
      this.#states.get(socket)?.isClosing
        ? STOP_PARSING
        : onIncoming.call(parser, request, keepAlive);
  }

  /** Whether a request may be carried out, or belongs to a connection that ends. */
  accept({ socket, url = '' }: IncomingMessage): 'accepted' | 'closing' | 'too many' {
    const state = this.#stateOf(socket);
    this.#finishWaiting(state);
    if (state.isClosing) return 'closing';
    this.#watchTurn();
    if (state.turn !== this.#turn) {
      state.turn = this.#turn;
      state.requestsInTurn = 0;
    }
    state.requestsInTurn += isCheckAll(url) ? CHECK_ALL_WEIGHT : 1;
    if (state.requestsInTurn <= PIPELINED_MAX) return 'accepted';
    state.isClosing = true;
    this.#endAfterLatest(state, socket);
    return 'too many';
  }

  /** Carries the request out once its body is received, and before the one that follows it. */
  whenWhole(request: IncomingMessage, carryOut: () => void): void {
    const state = this.#stateOf(request.socket);
    state.waiting = { request, carryOut };
    request.once('end', () => this.#finishWaiting(state));
  }

  /** Whether a response is being prepared, and the client has taken all that was sent. */
  isWaiting(socket: Socket): boolean {
    return socket.writableLength === 0 && isUnfinished(this.#states.get(socket)?.latest);
  }

  carriedOut(socket: Socket, response: ServerResponse): void {
    this.#stateOf(socket).latest = response;
  }

  /** The response to the request before closes the connection. */
  closes(socket: Socket): void {
    this.#stateOf(socket).isClosing = true;
  }

  /**
   * What the client sent is no request, or took too long. Requests before it that were carried out
   * get their response, and not that of the fault.
   */
  failed(error: NodeJS.ErrnoException, socket: Socket): void {
    const state = this.#stateOf(socket);
    const mayExplain = !state.isClosing && !isUnfinished(state.latest) && socket.writable;
    state.isClosing = true;
    if (mayExplain && error.code !== 'ECONNRESET') {
      const line = STATUS_LINES[error.code ?? ''] ?? '400 Bad Request';
      socket.write(`HTTP/1.1 ${line}\r\nConnection: close\r\n\r\n`);
    }
    this.#endAfterLatest(state, socket);
  }

  #endAfterLatest({ latest }: ConnectionState, socket: Socket): void {
    socket.pause();
    if (isUnfinished(latest)) latest.once('finish', () => socket.destroySoon());
    else socket.destroySoon();
  }

  #finishWaiting(state: ConnectionState): void {
    const { waiting } = state;
    if (waiting === undefined || !waiting.request.complete) return;
    state.waiting = undefined;
    waiting.carryOut();
  }

  #stateOf(socket: Socket): ConnectionState {
    const known = this.#states.get(socket);
    if (known !== undefined) return known;
    const state = {
      turn: 0,
      requestsInTurn: 0,
      isClosing: false,
      latest: undefined,
      waiting: undefined,
    };
    this.#states.set(socket, state);
    return state;
  }

  #watchTurn(): void {
    if (this.#isTurnWatched) return;
    this.#isTurnWatched = true;
    setImmediate(() => {
      this.#isTurnWatched = false;
      this.#turn++;
    });
  }
}

function isUnfinished(response: ServerResponse | undefined): response is ServerResponse {
  return response !== undefined && !response.writableFinished && !response.destroyed;
}
