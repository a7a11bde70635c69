/** Answers every request, whatever engine received it. */
import { hostname } from 'node:os';
import { monotonicMs } from '../../base/clock.js';
import { jsonString } from '../../base/json.js';
import { SingleFlight } from '../../base/single-flight.js';
import { type Board, emptyLeadershipReading } from '../../board/board.js';
import type {
  MainRequest,
  MainResponse,
  MemcacheAddress,
  StoreLocation,
} from '../../contracts/http.js';
import type { Command } from '../../throttle/commands.js';
import { mayLead } from '../../throttle/leadership-view.js';
import type { ThrottleState } from '../../throttle/state.js';
import { type Checks, withQuery } from './checks.js';
import { aggregatedMetrics, metricsHealth, skippedHosts, throttledApps } from './listings.js';
import {
  type ControlRequest,
  parseWholeNumber,
  recoverHostCommand,
  skipHostCommand,
  throttleAppCommand,
  unthrottleAppCommand,
} from './operator-commands.js';
import { profileRequest } from './profile-request.js';
import type { ClientKey } from './recent-apps.js';
import {
  answerReply,
  generalReply,
  type HandlerResponse,
  isReply,
  jsonReply,
  methodNotAllowedReply,
  NOT_FOUND_REPLY,
  OK_REPLY,
  redirectReply,
  textReply,
} from './response.js';
import { allows, type Match, matchRoute, ROUTES } from './routes.js';
import { decodeParameters, queryParameter } from './url-params.js';

/** A request as an engine received it. */
export interface HandlerRequest {
  /** `GET`, `HEAD`, `POST`, or any other text for another one. */
  readonly method: string;
  /** As it came, still encoded. */
  readonly path: string;
  /** Without its question mark; empty when there is none. */
  readonly query: string;
  readonly client: ClientKey;
}

export interface HandlerSources {
  readonly checks: Checks;
  readonly board: Board;
  /** This thread's copy. */
  readonly state: ThrottleState;
  /** Whether profiles may be asked for. */
  readonly profiling: boolean;
  /** Does not reject. */
  readonly ask: (question: MainRequest) => Promise<MainResponse>;
}

const HOSTNAME_REPLY = textReply(200, `${jsonString(hostname())}\n`);
const PROFILE_HEAD_REPLY = { ...jsonReply(200, ''), body: '' };
const LEADER_REPLY = textReply(200, '"HTTP 200"\n');
const NO_LEADER_REPLY = textReply(404, '"HTTP 404"\n');

export class Handler {
  readonly #sources: HandlerSources;
  readonly #leadership = emptyLeadershipReading();
  /** Lists that take long to write: a flood of requests for them must not hold up the checks. */
  readonly #lists = new SingleFlight<string>();
  #stores: readonly StoreLocation[] = [];
  #memcacheReply: HandlerResponse = NOT_FOUND_REPLY;

  constructor(sources: HandlerSources) {
    this.#sources = sources;
  }

  setStores(stores: readonly StoreLocation[]): void {
    this.#stores = stores;
    this.#sources.checks.setStores(stores);
  }

  setMemcache({ servers, path }: MemcacheAddress): void {
    this.#memcacheReply = jsonReply(
      200,
      `{"MemcacheServers":[${servers.map(jsonString).join(',')}],"MemcachePath":${jsonString(path)}}`,
    );
  }

  /** A reply that is no promise may be filled anew by the next call: send it at once. */
  handle(request: HandlerRequest): HandlerResponse | Promise<HandlerResponse> {
    const { method, path, query, client } = request;
    if (path.startsWith('/check') && (method === 'GET' || method === 'HEAD')) {
      return this.#sources.checks.reply(path, query, client);
    }
    const match = matchRoute(path);
    if (match.kind === 'unknown') return NOT_FOUND_REPLY;
    if (match.kind === 'redirect') return redirectReply(withQuery(match.path, query));
    if (!allows(match.route, method)) return methodNotAllowedReply(match.route.allow);
    return this.#page(match, request);
  }

  #page(
    { route, encoded }: Extract<Match, { kind: 'found' }>,
    request: HandlerRequest,
  ): HandlerResponse | Promise<HandlerResponse> {
    const values = decodeParameters(encoded);
    if (isReply(values)) return values;
    const names = route.segments.filter((segment) => segment.startsWith(':'));
    const parameters = new Map(names.map((name, index) => [name.slice(1), values[index]!]));
    const control: ControlRequest = {
      route,
      parameters,
      query: request.query,
      nowUnixMs: Date.now(),
    };
    const { board, state, profiling } = this.#sources;
    switch (route.page) {
      case 'check':
        throw new Error('checks are answered elsewhere');
      case 'throttleApp':
        return this.#submit(throttleAppCommand(control));
      case 'unthrottleApp':
        return this.#submit(unthrottleAppCommand(control));
      case 'skipHost':
        return this.#submit(skipHostCommand(control));
      case 'recoverHost':
        return this.#submit(recoverHostCommand(control));
      case 'throttledApps':
        return this.#afterBarrier(route.page, () => throttledApps(state, board.expiryTimeMs()));
      case 'skippedHosts':
        return this.#afterBarrier(route.page, () => skippedHosts(state, board.expiryTimeMs()));
      case 'recentApps':
        return this.#recentApps(parameters.get('lastMinutes') ?? '0');
      case 'lbCheck':
        return OK_REPLY;
      case 'leaderCheck':
        return this.#leaderCheck();
      case 'consensusLeader':
      case 'consensusState':
        return this.#askForText({ kind: route.page });
      case 'consensusStatus':
      case 'inventory':
      case 'vars':
      case 'metrics':
        return this.#ask({ kind: route.page });
      case 'hostname':
        return HOSTNAME_REPLY;
      case 'aggregatedMetrics': {
        const isBrief = queryParameter(request.query, 'brief') === 'true';
        const key = `${route.page} ${isBrief}`;
        return this.#list(key, () => aggregatedMetrics(board, this.#stores, isBrief));
      }
      case 'metricsHealth':
        return this.#list(route.page, () => metricsHealth(board, this.#stores));
      case 'memcache':
        return this.#memcacheReply;
      case 'cpuProfile':
      case 'heapSnapshot':
        return this.#profile(request, route.page === 'cpuProfile');
      case 'help':
        return helpReply(profiling);
    }
  }

  #leaderCheck(): HandlerResponse {
    const leadership = this.#sources.board.readLeadership(this.#leadership);
    return mayLead(leadership, monotonicMs()) ? LEADER_REPLY : NO_LEADER_REPLY;
  }

  #submit(command: Command | HandlerResponse): HandlerResponse | Promise<HandlerResponse> {
    return isReply(command) ? command : this.#ask({ kind: 'submit', command });
  }

  /** A HEAD is answered at once: a profile is taken for whoever reads it. */
  #profile(
    { method, query }: HandlerRequest,
    ofCpu: boolean,
  ): HandlerResponse | Promise<HandlerResponse> {
    if (!this.#sources.profiling) return NOT_FOUND_REPLY;
    const request = profileRequest(query, ofCpu);
    if (isReply(request)) return request;
    return method === 'HEAD' ? PROFILE_HEAD_REPLY : this.#ask({ kind: 'profile', request });
  }

  /** On the leader the list has everything that was acknowledged before the request came. */
  async #afterBarrier(key: string, write: () => Promise<string>): Promise<HandlerResponse> {
    const answer = await this.#sources.ask({ kind: 'readBarrier' });
    return answer.status === 200 ? this.#list(key, write) : answerReply(answer);
  }

  async #list(key: string, write: () => Promise<string>): Promise<HandlerResponse> {
    return jsonReply(200, await this.#lists.run(key, write));
  }

  #recentApps(lastMinutes: string): HandlerResponse | Promise<HandlerResponse> {
    const minutes = parseWholeNumber(lastMinutes);
    if (minutes === undefined) {
      return generalReply(400, `whole minutes, got ${lastMinutes.slice(0, 100)}`);
    }
    return this.#ask({ kind: 'recentApps', lastMinutes: minutes === 0 ? null : minutes });
  }

  async #ask(question: MainRequest): Promise<HandlerResponse> {
    return answerReply(await this.#sources.ask(question));
  }

  /** The original sends these as text. */
  async #askForText(question: MainRequest): Promise<HandlerResponse> {
    const { status, json } = await this.#sources.ask(question);
    return status === 200 ? textReply(200, `${json}\n`) : answerReply({ status, json });
  }
}

/** The paths that are served: those of the profiler only when it is on. */
function helpReply(profiling: boolean): HandlerResponse {
  const patterns = ROUTES.map(({ pattern }) => pattern);
  const served = patterns.filter((pattern) => profiling || !pattern.startsWith('/debug/pprof/'));
  return jsonReply(200, JSON.stringify(served));
}
