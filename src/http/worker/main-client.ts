/**
 * The HTTP worker's end of its RPC to main (`http/main/main-rpc.ts` is the other): sends requests
 * and waits for their responses, bounded in number and in time.
 *
 * A client always gets a response, even when main is overloaded or stuck. The requests of one turn
 * of the event loop go in one message, which costs both threads less than one for each.
 */

import { PendingCalls } from '../../base/pending-calls.js';
import { Places } from '../../base/places.js';
import { OUTCOME_UNKNOWN_MESSAGE } from '../../contracts/consensus.js';
import type {
  MainRequest,
  MainResponse,
  NumberedRequest,
  NumberedResponse,
} from '../../contracts/http.js';
import { generalMessage } from '../shared/json-bodies.js';
import type { ClientKey } from './recent-apps.js';

/** Most commands in flight of one worker, and most other requests. */
const REQUESTS_MAX = 1024;

/** What one client may have of each: a half, so that others have places too. */
const SHARE = 0.5;

/** Longer than consensus itself waits, so that its own report of the outcome comes first. */
const REQUEST_TIMEOUT_MS = 10_000;

/** A profile takes the time that it covers, and its file may take long to write. */
const PROFILE_EXTRA_TIMEOUT_MS = 65_000;

export interface MainClientLimits {
  readonly inFlightMax: number;
  readonly timeoutMs: number;
}

const LIMITS: MainClientLimits = { inFlightMax: REQUESTS_MAX, timeoutMs: REQUEST_TIMEOUT_MS };

export class MainClient {
  readonly #send: (requests: readonly NumberedRequest[]) => void;
  readonly #timeoutMs: number;
  readonly #calls: PendingCalls<MainResponse>;
  #unsent: NumberedRequest[] = [];

  readonly #commands: Places<ClientKey>;
  readonly #reads: Places<ClientKey>;
  readonly #refused: () => void;

  /**
   * `send` gets the requests of one turn of the event loop together; `refused` is called for each
   * that has no place.
   */
  constructor(
    send: (requests: readonly NumberedRequest[]) => void,
    limits: MainClientLimits = LIMITS,
    refused = (): void => {},
  ) {
    this.#send = send;
    this.#timeoutMs = limits.timeoutMs;
    this.#calls = new PendingCalls(2 * limits.inFlightMax);
    const share = Math.ceil(limits.inFlightMax * SHARE);
    this.#commands = new Places(limits.inFlightMax, share);
    this.#reads = new Places(limits.inFlightMax, share);
    this.#refused = refused;
  }

  /**
   * Commands have places of their own: however many clients read, one can be given. `client`: who
   * asks, and has no more than a share. Never rejects: too many requests, or no response in time,
   * gives a response too.
   */
  call(request: MainRequest, client?: ClientKey): Promise<MainResponse> {
    const places = isCommand(request) ? this.#commands : this.#reads;
    if (!places.take(client)) {
      this.#refused();
      const message = 'too many requests are waiting; nothing was changed';
      return Promise.resolve(failure(503, message));
    }
    const answered = this.#calls.call(this.#timeoutOf(request), (id) => {
      if (this.#unsent.length === 0) setImmediate(() => this.#sendAll());
      this.#unsent.push([id, request]);
    });
    return answered.then((response) => {
      places.give(client);
      return response ?? noResponse(request);
    });
  }

  /** A response to a request that has timed out is dropped. */
  received(responses: readonly NumberedResponse[]): void {
    for (const [id, response] of responses) this.#calls.settle(id, response);
  }

  /** Abandons all requests. */
  close(): void {
    this.#calls.abandonAll();
  }

  #sendAll(): void {
    const requests = this.#unsent;
    this.#unsent = [];
    this.#send(requests);
  }

  #timeoutOf(request: MainRequest): number {
    if (request.kind !== 'profile') return this.#timeoutMs;
    return (request.profile.seconds ?? 0) * 1000 + PROFILE_EXTRA_TIMEOUT_MS;
  }
}

function isCommand({ kind }: MainRequest): boolean {
  return kind === 'submit' || kind === 'yieldLeadership';
}

function noResponse(request: MainRequest): MainResponse {
  return request.kind === 'submit'
    ? failure(504, OUTCOME_UNKNOWN_MESSAGE)
    : failure(503, 'no answer in time');
}

function failure(status: number, message: string): MainResponse {
  return { status, json: generalMessage(status, message) };
}
