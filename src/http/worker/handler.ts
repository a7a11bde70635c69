/** Handles every request, the same for both engines: routes, parameters, and the response. */

import { hostname } from 'node:os';
import { monotonicMs } from '../../base/clock.js';
import { jsonString } from '../../base/json.js';
import { type Board, emptyLeadershipReading } from '../../board/board.js';
import { nearest } from '../../config/nearest.js';
import type { MainRequest, MainResponse, StoreLocation } from '../../contracts/http.js';
import type { MemcacheAddress } from '../../contracts/publisher.js';
import { type Caller, callerText } from '../../throttle/access.js';
import type { OperatorCommand } from '../../throttle/commands.js';
import { mayLead } from '../../throttle/leadership-view.js';
import type { ThrottleState } from '../../throttle/state.js';
import { accessJson } from './access/access-json.js';
import { type AccessGuard, credentialsOf } from './access/guard.js';
import { appSelection } from './app-selection.js';
import type { CheckRequests } from './check-requests.js';
import { type Checks, withQuery } from './checks.js';
import { isRefused, originOf } from './control-parameters.js';
import { commandOf, matchedCommand } from './control-requests.js';
import { crossSiteRefusal } from './cross-site.js';
import { entryLists } from './entry-lists.js';
import { eventSelection } from './event-request.js';
import type { HandlerRequest, RequestHandler } from './handler-request.js';
import { historySeconds } from './history-request.js';
import { pageOfList } from './list-page.js';
import { aggregatedMetrics, metricsHealth } from './list-responses.js';
import { Lists } from './lists.js';
import type { LiveStreams } from './live/streams.js';
import { openApiDocument } from './openapi/document.js';
import { PAGE, type PageFiles } from './page/page-files.js';
import { pagedRequest } from './paged-request.js';
import { profileRequest } from './profile-request.js';
import { type ClientKey, clientName } from './recent-apps.js';
import type { Reports } from './reports.js';
import {
  generalResponse,
  type HandlerResponse,
  inBytes,
  isResponse,
  jsonResponse,
  methodNotAllowedResponse,
  NOT_FOUND_RESPONSE,
  OK_RESPONSE,
  optionsResponse,
  redirectResponse,
  responseFromMain,
  STREAM_RESPONSE,
  TOO_MANY_STREAMS_RESPONSE,
  textResponse,
} from './response.js';
import { type FoundRoute, helpResponse, parametersOf } from './route-parameters.js';
import { allows, isControl, matchRoute } from './routes.js';
import { allStoresJson, storeJson } from './store-reports.js';
import { queryParameter, withoutSemicolons } from './url-params.js';

export interface HandlerSources {
  readonly access: AccessGuard;
  readonly checks: Checks;
  readonly checkRequests: CheckRequests;
  readonly board: Board;
  /** The copy of this thread. */
  readonly state: ThrottleState;
  /** Whether profiles may be taken. */
  readonly profiling: boolean;
  readonly reports: Reports;
  readonly streams: LiveStreams;
  readonly pageFiles: PageFiles;
  /** Whether the app has checked here in the last 24 h. */
  readonly hasSeen: (app: string) => boolean;
  /** Does not reject. */
  readonly callMain: (request: MainRequest, client?: ClientKey) => Promise<MainResponse>;
  /** Called for each request that is refused because too many others wait. */
  readonly refused: () => void;
}

const CHECK_ALL = '/check-all';

const HOSTNAME_RESPONSE = textResponse(200, `${jsonString(hostname())}\n`);
const PROFILE_HEAD_RESPONSE = { ...jsonResponse(200, ''), body: '' };
const LEADER_RESPONSE = textResponse(200, '"HTTP 200"\n');
const NO_LEADER_RESPONSE = textResponse(404, '"HTTP 404"\n');

export class Handler implements RequestHandler {
  readonly #sources: HandlerSources;
  readonly #leadership = emptyLeadershipReading();
  readonly #lists: Lists;
  #stores: readonly StoreLocation[] = [];
  #memcacheResponse: HandlerResponse = NOT_FOUND_RESPONSE;
  #openApiResponse: HandlerResponse | undefined;

  constructor(sources: HandlerSources) {
    this.#sources = sources;
    this.#lists = new Lists(sources.callMain, sources.refused);
  }

  setStores(stores: readonly StoreLocation[]): void {
    this.#stores = stores;
    this.#sources.checks.setStores(stores);
  }

  get stores(): readonly StoreLocation[] {
    return this.#stores;
  }

  setMemcache({ servers, path }: MemcacheAddress): void {
    this.#memcacheResponse = jsonResponse(
      200,
      `{"MemcacheServers":[${servers.map(jsonString).join(',')}],` +
        `"MemcachePath":${jsonString(path)}}`,
    );
  }

  /** A response that is not a promise may be overwritten by the next call: send it at once. */
  handle(request: HandlerRequest): HandlerResponse | Promise<HandlerResponse> {
    const { method, path, query } = request;
    const isRead = method === 'GET' || method === 'HEAD';
    if (isRead && path.startsWith('/check') && !path.startsWith(CHECK_ALL)) {
      return this.#check(request);
    }
    const match = matchRoute(path);
    if (match.kind === 'unknown') return NOT_FOUND_RESPONSE;
    if (match.kind === 'redirect') return redirectResponse(method, withQuery(match.path, query));
    if (method === 'OPTIONS') return optionsResponse(match.route.allow);
    if (!allows(match.route, method)) return methodNotAllowedResponse(match.route.allow);
    if (isControl(match.route)) return this.#control(match, request);
    const caller = this.#sources.access.enter(match.route.endpoint, credentialsOf(request));
    return isResponse(caller) ? caller : this.#dispatch(match, request, caller);
  }

  /** Also when letters of its path are encoded. */
  #check(request: HandlerRequest): HandlerResponse | Promise<HandlerResponse> {
    const { method, path, query, client } = request;
    const { checks, checkRequests, access } = this.#sources;
    if (!access.checksAreOpen) {
      const refusal = access.refusalOfCheck(path, credentialsOf(request));
      if (refusal !== null) return refusal;
    }
    const response =
      query === '' ? checks.respond(path, query, client) : checkRequests.check(path, request);
    if (response instanceof Promise || response.status !== 301) return response;
    return redirectResponse(method, response.location);
  }

  #why(
    match: FoundRoute,
    { query, client }: HandlerRequest,
    caller: Caller,
  ): HandlerResponse | Promise<HandlerResponse> {
    const refusal = this.#sources.access.refusalOfWhy(caller, match.encoded);
    if (refusal !== null) return refusal;
    const threshold = queryParameter(query, 'threshold');
    if (typeof threshold === 'object') return threshold;
    const path = match.encoded.join('/');
    const asked =
      threshold === '' ? `/check/${path}` : `/check-read/${path}/${encodeURIComponent(threshold)}`;
    return this.#sources.checkRequests.why(asked, query, client);
  }

  #control(match: FoundRoute, request: HandlerRequest): HandlerResponse | Promise<HandlerResponse> {
    const { access, reports } = this.#sources;
    const caller = access.enter(match.route.endpoint, credentialsOf(request));
    const asked =
      crossSiteRefusal(request.header) ??
      (isResponse(caller) ? caller : this.#askedOfMain(match, request, caller));
    if (isResponse(asked)) {
      reports.refusedCommand(request, asked, isResponse(caller) ? undefined : callerText(caller));
      return asked;
    }
    return this.#callMain(asked, request.client);
  }

  #askedOfMain(
    match: FoundRoute,
    { query, client }: HandlerRequest,
    caller: Caller,
  ): MainRequest | HandlerResponse {
    const { access } = this.#sources;
    const parameters = parametersOf(match);
    if (isResponse(parameters)) return parameters;
    const { route } = match;
    const from = { client: clientName(client), caller: callerText(caller) };
    const given = { parameters, query, ...from, nowUnixMs: Date.now() };
    if (route.endpoint === 'yieldLeadership') {
      const origin = originOf(given);
      if (isRefused(origin)) return origin;
      return access.tooManyCommands(caller, client) ?? { kind: 'yieldLeadership', origin };
    }
    const command = commandOf({ route, stores: this.#stores, ...given });
    if (isResponse(command)) return command;
    const refusal = access.refusalOfCommand(caller, command, client);
    return refusal ?? { kind: 'submit', command, appSeen: this.#hasSeenAppOf(command) };
  }

  #hasSeenAppOf(command: OperatorCommand): boolean {
    if (command.kind !== 'throttleApp' && command.kind !== 'exemptApp') return false;
    const [app] = command.key.split('/') as [string];
    return this.#sources.hasSeen(app);
  }

  #dispatch(
    match: FoundRoute,
    request: HandlerRequest,
    caller: Caller,
  ): HandlerResponse | Promise<HandlerResponse> {
    const parameters = parametersOf(match);
    if (isResponse(parameters)) return parameters;
    const { route } = match;
    const { board, state, profiling, access, checkRequests } = this.#sources;
    switch (route.endpoint) {
      case 'checkAll':
        return (
          access.refusalOfStores(caller, parameters.get('app')!, request.query) ??
          checkRequests.checkAll(match.encoded[0]!, request)
        );
      case 'check':
        return this.#check(request);
      case 'throttleApp':
      case 'unthrottleApp':
      case 'skipHost':
      case 'recoverHost':
      case 'exemptApp':
      case 'unexemptApp':
      case 'setThreshold':
      case 'resetThreshold':
      case 'yieldLeadership':
        throw new Error('commands are dispatched before');
      case 'why':
        return this.#why(match, request, caller);
      case 'access':
        return jsonResponse(200, accessJson(caller, access.anonymous));
      case 'throttledApps':
      case 'skippedHosts':
      case 'exemptedApps':
      case 'thresholds': {
        const page = pageOfList(request.query);
        if (isResponse(page)) return page;
        const write = entryLists[route.endpoint];
        return this.#lists.afterBarrier(
          `${route.endpoint} ${JSON.stringify(page)}`,
          request.client,
          () => write({ state, nowUnixMs: board.expiryTimeMs(), stores: this.#stores }, page),
        );
      }
      case 'recentApps':
      case 'inventory': {
        const minutes = parameters.get('lastMinutes') ?? '0';
        const asked = pagedRequest(route.endpoint, minutes, request.query);
        return isResponse(asked) ? asked : this.#lists.fromMain(asked, JSON.stringify(asked));
      }
      case 'apps': {
        const selection = appSelection(request.query);
        return isResponse(selection)
          ? selection
          : this.#callMain({ kind: 'apps', selection }, request.client);
      }
      case 'lbCheck':
        return OK_RESPONSE;
      case 'leaderCheck':
        return this.#leaderCheck();
      case 'stores':
        return this.#lists.write(route.endpoint, () => allStoresJson(board, this.#stores));
      case 'store':
        return this.#store(parameters.get('storeType') ?? '', parameters.get('storeName') ?? '');
      case 'events': {
        const selection = eventSelection(request.query, Date.now());
        return isResponse(selection)
          ? selection
          : this.#callMain({ kind: 'events', selection }, request.client);
      }
      case 'consensusLeader':
      case 'consensusState':
        return this.#callMainForText({ kind: route.endpoint }, request.client);
      case 'consensusStatus':
      case 'cluster':
        return this.#callMain({ kind: route.endpoint }, request.client);
      case 'vars':
      case 'metrics':
        return this.#lists.fromMain({ kind: route.endpoint });
      case 'hostname':
        return HOSTNAME_RESPONSE;
      case 'aggregatedMetrics': {
        const isBrief = queryParameter(withoutSemicolons(request.query), 'brief') === 'true';
        return this.#lists.write(`brief ${isBrief}`, () =>
          aggregatedMetrics(board, this.#stores, isBrief),
        );
      }
      case 'metricsHealth':
        return this.#lists.write(route.endpoint, () => metricsHealth(board, this.#stores));
      case 'memcache':
        return this.#memcacheResponse;
      case 'cpuProfile':
      case 'heapSnapshot':
        return this.#profile(request, route.endpoint === 'cpuProfile');
      case 'history':
        return this.#history(parameters, request.query);
      case 'matches':
        return this.#matches(parameters, request);
      case 'page':
        return this.#pageFile(PAGE, request);
      case 'pageFile':
        return this.#pageFile(parameters.get('file')!, request);
      case 'stream':
        return this.#stream();
      case 'openapi':
        return this.#openApi();
      case 'help':
        return helpResponse(profiling);
    }
  }

  async #store(type: string, name: string): Promise<HandlerResponse> {
    const store = type === 'mysql' ? this.#stores.find((each) => each.name === name) : undefined;
    if (store === undefined) return this.#unknownStore(type, name);
    const hosts = await this.#sources.callMain({ kind: 'storeHosts', store: name });
    if (hosts.status !== 200) return responseFromMain(hosts);
    return jsonResponse(200, storeJson(this.#sources.board, store, hosts.json));
  }

  #history(
    parameters: ReadonlyMap<string, string>,
    query: string,
  ): HandlerResponse | Promise<HandlerResponse> {
    const [type, name] = [parameters.get('storeType')!, parameters.get('storeName')!];
    const seconds = historySeconds(query);
    if (typeof seconds === 'object') return seconds;
    const isKnown = type === 'mysql' && this.#stores.some((store) => store.name === name);
    if (!isKnown) return this.#unknownStore(type, name);
    return this.#callMain({ kind: 'history', store: name, seconds });
  }

  #unknownStore(type: string, name: string): HandlerResponse {
    const known = nearest(
      name,
      this.#stores.map((store) => store.name),
    );
    const hint = known === undefined ? '' : `; did you mean mysql/${known}?`;
    return generalResponse(404, `no such store: ${type}/${name}${hint}`);
  }

  /** Of a command that a person is about to give. */
  #matches(
    parameters: ReadonlyMap<string, string>,
    { query }: HandlerRequest,
  ): HandlerResponse | Promise<HandlerResponse> {
    const command = matchedCommand({ parameters, query });
    if (isResponse(command)) return command;
    return this.#callMain({ kind: 'matches', command, appSeen: this.#hasSeenAppOf(command) });
  }

  #pageFile(name: string, { header }: HandlerRequest): Promise<HandlerResponse> {
    const acceptEncoding = header('accept-encoding');
    const ifNoneMatch = header('if-none-match');
    return this.#sources.pageFiles.respond(name, { acceptEncoding, ifNoneMatch });
  }

  #openApi(): HandlerResponse {
    this.#openApiResponse ??= inBytes(jsonResponse(200, openApiDocument()));
    return this.#openApiResponse;
  }

  #stream(): HandlerResponse {
    const stream = this.#sources.streams.opener;
    if (stream !== undefined) return { ...STREAM_RESPONSE, stream };
    this.#sources.refused();
    return TOO_MANY_STREAMS_RESPONSE;
  }

  #leaderCheck(): HandlerResponse {
    const leadership = this.#sources.board.readLeadership(this.#leadership);
    return mayLead(leadership, monotonicMs()) ? LEADER_RESPONSE : NO_LEADER_RESPONSE;
  }

  /**
   * HEAD takes no profile: it would have no reader. A page of another site must not take one
   * either: a heap snapshot stops the thread that it is taken of.
   */
  #profile(
    { method, query, header }: HandlerRequest,
    ofCpu: boolean,
  ): HandlerResponse | Promise<HandlerResponse> {
    if (!this.#sources.profiling) return NOT_FOUND_RESPONSE;
    const refusal = crossSiteRefusal(header);
    if (refusal !== undefined) return refusal;
    const profile = profileRequest(query, ofCpu);
    if (isResponse(profile)) return profile;
    return method === 'HEAD' ? PROFILE_HEAD_RESPONSE : this.#callMain({ kind: 'profile', profile });
  }

  #callMain(request: MainRequest, client?: ClientKey): Promise<HandlerResponse> {
    return this.#sources.callMain(request, client).then(responseFromMain);
  }

  /** The original sends these as text. */
  async #callMainForText(request: MainRequest, client: ClientKey): Promise<HandlerResponse> {
    const { status, json } = await this.#sources.callMain(request, client);
    return status === 200 ? textResponse(200, `${json}\n`) : responseFromMain({ status, json });
  }
}
