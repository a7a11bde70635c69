/**
 * The servers of one cluster, as commands other than checks see them: which of them responds, and
 * which leads.
 *
 * A single URL may be that of a load balancer, behind which the leader answers. Of several, the one
 * that answers `/leader-check` with 200 is asked what only the leader knows.
 */
import { HttpExchange } from '../../client/exchange.js';
import { CommandFailure, EXIT } from '../exit-codes.js';
import type { ReachedServers } from './server-list.js';

export interface Reply {
  /** URL of the server. */
  readonly server: string;
  readonly status: number;
  readonly text: string;
}

/** A server that did not respond. */
export interface NoReply {
  readonly server: string;
  readonly reason: string;
}

export interface AskOptions {
  readonly method?: 'GET' | 'POST';
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 5_000;

/** A server reports an unknown outcome within 10 s. */
export const COMMAND_TIMEOUT_MS = 12_000;

/** Longer than a live leader needs, shorter than a user waits for a dead server of several. */
const LEADER_CHECK_TIMEOUT_MS = 1_000;

/** The longest lists have 200,000 entries. */
const BODY_BYTES_MAX = 256 * 1024 * 1024;

export class ServerGroup {
  readonly #list: ReachedServers;
  readonly #exchanges: Readonly<Record<'GET' | 'POST', HttpExchange>>;
  readonly #closing = new AbortController();
  /** The one to ask first: the leader when that was found, else the last that responded. */
  #preferred: string | undefined;

  constructor(list: ReachedServers) {
    this.#list = list;
    const exchange = (method: 'GET' | 'POST'): HttpExchange =>
      new HttpExchange((url, request) => list.fetch(url, { ...request, method }), list.headers);
    this.#exchanges = { GET: exchange('GET'), POST: exchange('POST') };
  }

  /**
   * The response of the first server that responds. Rejects with exit code 5 if none does, with
   * the reason for each.
   */
  async ask(path: string, options: AskOptions = {}): Promise<Reply> {
    const failures: NoReply[] = [];
    for (const server of this.#byPreference()) {
      const reply = await this.#askOne(server, path, options);
      if (isReply(reply)) {
        this.#preferred = server;
        return reply;
      }
      failures.push(reply);
    }
    throw unreachable(failures);
  }

  /**
   * The response of the leader, or of any server that responds if none leads: it then says so
   * itself.
   */
  async askLeader(path: string, options: AskOptions = {}): Promise<Reply> {
    await this.findLeader();
    return this.ask(path, options);
  }

  /** Remembers which of several servers leads now. */
  async findLeader(): Promise<void> {
    if (this.#list.urls.length === 1) return;
    const options = { timeoutMs: LEADER_CHECK_TIMEOUT_MS };
    this.#preferred = await firstOf(
      this.#byPreference().map(async (server) => {
        const reply = await this.#askOne(server, '/leader-check', options);
        return isReply(reply) && reply.status === 200 ? server : undefined;
      }),
    );
  }

  /** The response of that server. Rejects as `ask`. */
  async askServer(server: string, path: string, options: AskOptions = {}): Promise<Reply> {
    const reply = await this.#askOne(server, path, options);
    if (isReply(reply)) return reply;
    throw unreachable([reply]);
  }

  /** What each server responds, in their order. */
  askEach(path: string, options: AskOptions = {}): Promise<Array<Reply | NoReply>> {
    return Promise.all(this.#list.urls.map((server) => this.#askOne(server, path, options)));
  }

  /** Ends all requests that are in progress, which reject. */
  close(): void {
    this.#closing.abort();
  }

  #byPreference(): string[] {
    const rest = this.#list.urls.filter((server) => server !== this.#preferred);
    return this.#preferred === undefined ? rest : [this.#preferred, ...rest];
  }

  async #askOne(server: string, path: string, options: AskOptions): Promise<Reply | NoReply> {
    const { method = 'GET', timeoutMs = TIMEOUT_MS } = options;
    const bounds = { timeoutMs, bodyBytesMax: BODY_BYTES_MAX, signal: this.#closing.signal };
    const reply = await this.#exchanges[method].get(server + path, bounds);
    if (reply.kind === 'failure') return { server, reason: reply.text };
    if (reply.body === null) return { server, reason: 'the response is too long' };
    return { server, status: reply.status, text: reply.body };
  }
}

export function isReply(reply: Reply | NoReply): reply is Reply {
  return 'status' in reply;
}

/** The path of segments, each encoded. */
export function pathOf(...segments: readonly string[]): string {
  return `/${segments.map(encodeURIComponent).join('/')}`;
}

/** The path with those parameters of its query that have a value. */
export function withParameters(
  path: string,
  parameters: Readonly<Record<string, string | undefined>>,
): string {
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined);
  const query = given.map(([name, value]) => `${name}=${encodeURIComponent(value!)}`).join('&');
  return query === '' ? path : `${path}?${query}`;
}

/** The first value that is not undefined; undefined when all are. */
function firstOf<Value>(
  promises: readonly Promise<Value | undefined>[],
): Promise<Value | undefined> {
  const found = promises.map((promise) =>
    promise.then((value) => value ?? Promise.reject(new Error('not this one'))),
  );
  return Promise.any(found).catch(() => undefined);
}

function unreachable(failures: readonly NoReply[]): CommandFailure {
  const reasons = failures.map(({ server, reason }) => `${server}: ${reason}`);
  const text = failures.length === 1 ? reasons[0]! : `no server responds: ${reasons.join('; ')}`;
  return new CommandFailure(EXIT.unreachable, text);
}
