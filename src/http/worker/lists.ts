/**
 * Long bodies: written or fetched once for all that ask meanwhile, and encoded once, so that
 * however many clients ask, the thread does one at a time and holds one copy.
 */
import { SingleFlight } from '../../base/single-flight.js';
import { TimeSlice } from '../../base/time-slice.js';
import type { MainRequest, MainResponse } from '../../contracts/http.js';
import type { ClientKey } from './recent-apps.js';
import {
  generalResponse,
  type HandlerResponse,
  jsonResponse,
  LARGE_BODY_BYTES,
  responseFromMain,
  textResponse,
} from './response.js';

/** Different lists that wait to be written. */
const QUEUED_MAX = 100;

/** Characters that are encoded in one go. */
const ENCODED_LENGTH = 64 * 1024;

const FULL_RESPONSE = generalResponse(503, 'too many lists are waiting to be written');

type CallMain = (request: MainRequest, client?: ClientKey) => Promise<MainResponse>;

export class Lists {
  readonly #callMain: CallMain;
  readonly #refused: () => void;
  readonly #reports = new SingleFlight<HandlerResponse>();
  /** Apart: clients choose which part of a list, so that there may be any number of them. */
  readonly #entries = new SingleFlight<HandlerResponse>();
  /** By the kind of the request, so that none waits for another. */
  readonly #fromMain = new Map<string, SingleFlight<HandlerResponse>>();

  /** `refused` is called for each request that finds no place. */
  constructor(callMain: CallMain, refused: () => void) {
    this.#callMain = callMain;
    this.#refused = refused;
  }

  /** `key`: which report. */
  write(key: string, write: () => Promise<string>): Promise<HandlerResponse> {
    return this.#run(this.#reports, key, async () => encoded(jsonResponse(200, await write())));
  }

  /**
   * `key`: which part of which list. On the leader it has all changes that were acknowledged before
   * the request.
   */
  async afterBarrier(
    key: string,
    client: ClientKey,
    write: () => Promise<readonly string[]>,
  ): Promise<HandlerResponse> {
    const barrier = await this.#callMain({ kind: 'readBarrier' }, client);
    if (barrier.status !== 200) return responseFromMain(barrier);
    return this.#run(this.#entries, key, async () =>
      encoded(jsonResponse(200, ''), [...(await write()), '\n']),
    );
  }

  /** What main writes; `key`: which of that kind. */
  async fromMain(request: MainRequest, key = ''): Promise<HandlerResponse> {
    const runs = this.#fromMain.get(request.kind) ?? new SingleFlight();
    this.#fromMain.set(request.kind, runs);
    return this.#run(runs, key, async () => responseOf(await this.#callMain(request)));
  }

  async #run(
    runs: SingleFlight<HandlerResponse>,
    key: string,
    respond: () => Promise<HandlerResponse>,
  ): Promise<HandlerResponse> {
    if (runs.queued < QUEUED_MAX || runs.isQueued(key)) return runs.run(key, respond);
    this.#refused();
    return FULL_RESPONSE;
  }
}

async function responseOf(answer: MainResponse): Promise<HandlerResponse> {
  const { status, other } = answer;
  if (other?.kind !== 'shared') return encoded(responseFromMain(answer));
  const shared = Buffer.from(other.bytes);
  const chunks: Buffer[] = [];
  for (let from = 0; from < shared.length; from += ENCODED_LENGTH) {
    chunks.push(shared.subarray(from, from + ENCODED_LENGTH));
  }
  const body = await joined(chunks, new TimeSlice());
  return { ...textResponse(status, ''), contentType: other.contentType, body };
}

/** With the body, of these pieces, in bytes if it is long. */
async function encoded(
  response: HandlerResponse,
  pieces: readonly string[] = [response.body.toString()],
): Promise<HandlerResponse> {
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  if (length < LARGE_BODY_BYTES) return { ...response, body: pieces.join('') };
  const slice = new TimeSlice();
  const chunks: Buffer[] = [];
  for (const piece of pieces) {
    for (let from = 0; from < piece.length; ) {
      const to = endOfChunk(piece, from);
      chunks.push(Buffer.from(piece.slice(from, to), 'utf8'));
      from = to;
      await slice.yield();
    }
  }
  return { ...response, body: await joined(chunks, slice) };
}

async function joined(chunks: readonly Buffer[], slice: TimeSlice): Promise<Buffer> {
  const body = Buffer.allocUnsafeSlow(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    at += chunk.copy(body, at);
    if (slice.isOver) await slice.yield();
  }
  return body;
}

/** Not between the halves of a surrogate pair. */
function endOfChunk(text: string, from: number): number {
  const to = Math.min(text.length, from + ENCODED_LENGTH);
  const last = text.charCodeAt(to - 1);
  return to < text.length && last >= 0xd800 && last < 0xdc00 ? to - 1 : to;
}
