/**
 * The servers of one cluster, as a client sees them: which of them responds, and which leads.
 *
 * A single URL may be that of a load balancer, behind which the leader answers. Of several, the one
 * that answers `/leader-check` with 200 is asked what only the leader knows.
 */
import { messageOf } from '../../base/errors.js';
import { CommandFailure, EXIT } from '../exit-codes.js';
import { exchange, type HttpReply } from './http-exchange.js';
import { serverName } from './server-list.js';

export interface Reply extends HttpReply {
  readonly server: URL;
}

/** A server that did not respond. */
export interface NoReply {
  readonly server: URL;
  /** In words: `connection refused`. */
  readonly reason: string;
}

export interface AskOptions {
  readonly method?: 'GET' | 'POST';
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

const TIMEOUT_MS = 5_000;

/** A server reports an unknown outcome within 10 s. */
export const COMMAND_TIMEOUT_MS = 12_000;

/** Longer than a live leader needs, shorter than a user waits for a dead server of several. */
const LEADER_CHECK_TIMEOUT_MS = 1_000;

export class ServerGroup {
  readonly all: readonly URL[];
  /** The one to ask first: the leader when that was found, else the last that responded. */
  #preferred: URL | undefined;

  constructor(all: readonly URL[]) {
    this.all = all;
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
      options.signal?.throwIfAborted();
      failures.push(reply);
    }
    throw unreachable(failures);
  }

  /**
   * The response of the leader, or of any server that responds if none leads: it then says so
   * itself.
   */
  async askLeader(path: string, options: AskOptions = {}): Promise<Reply> {
    await this.findLeader(options.signal);
    return this.ask(path, options);
  }

  /** Remembers which of several servers leads now. */
  async findLeader(signal?: AbortSignal): Promise<void> {
    if (this.all.length === 1) return;
    const options = { timeoutMs: LEADER_CHECK_TIMEOUT_MS, signal };
    this.#preferred = await firstOf(
      this.#byPreference().map(async (server) => {
        const reply = await this.#askOne(server, '/leader-check', options);
        return isReply(reply) && reply.status === 200 ? server : undefined;
      }),
    );
  }

  /** The response of that server. Rejects as `ask`. */
  async askServer(server: URL, path: string, options: AskOptions = {}): Promise<Reply> {
    const reply = await this.#askOne(server, path, options);
    if (isReply(reply)) return reply;
    throw unreachable([reply]);
  }

  /** What each server responds, in their order. */
  askEach(path: string, options: AskOptions = {}): Promise<Array<Reply | NoReply>> {
    return Promise.all(this.all.map((server) => this.#askOne(server, path, options)));
  }

  #byPreference(): URL[] {
    const rest = this.all.filter((server) => server !== this.#preferred);
    return this.#preferred === undefined ? rest : [this.#preferred, ...rest];
  }

  async #askOne(server: URL, path: string, options: AskOptions): Promise<Reply | NoReply> {
    const { method = 'GET', timeoutMs = TIMEOUT_MS, signal } = options;
    try {
      return { server, ...(await exchange(server, path, { method, timeoutMs, signal })) };
    } catch (error) {
      return { server, reason: messageOf(error) };
    }
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
  const reasons = failures.map(({ server, reason }) => `${serverName(server)}: ${reason}`);
  const text = failures.length === 1 ? reasons[0]! : `no server responds: ${reasons.join('; ')}`;
  return new CommandFailure(EXIT.unreachable, text);
}
