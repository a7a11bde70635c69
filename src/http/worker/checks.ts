/**
 * The hot path: responds to checks from the board and this thread's copy of the throttle table.
 *
 * A check takes a few microseconds and allocates next to nothing, which decides how it is written.
 * What a path means is compiled once and cached: its decoded names, its store and its counter. The
 * board is read through readers that copy a store only when its sequence number has changed. The
 * body of the latest result is reused while the result stays the same. No check waits for main,
 * for a probe or for another thread.
 */
import { monotonicMs, WallClock } from '../../base/clock.js';
import { type DurationCounts, Durations } from '../../base/durations.js';
import { jsonString } from '../../base/json.js';
import type { Mutable } from '../../base/mutable.js';
import type { Board } from '../../board/board.js';
import { CachedLeadershipReader, CachedStoreReader } from '../../board/cached-reader.js';
import type { StoreLocation } from '../../contracts/http.js';
import { AppRules, NO_APP_RULES } from '../../throttle/app-rules.js';
import {
  type CheckRequest,
  type CheckResult,
  check,
  holdsLowPriority,
  unknownStoreType,
} from '../../throttle/check.js';
import { expiryTimeMs } from '../../throttle/leadership-view.js';
import type { ThrottleState } from '../../throttle/state.js';
import type { CheckCounters, Count } from './counters.js';
import type { ClientKey, RecentApps } from './recent-apps.js';
import type { Reports } from './reports.js';
import {
  generalResponse,
  type HandlerResponse,
  isResponse,
  JSON_TYPE,
  jsonResponse,
  NOT_FOUND_RESPONSE,
  redirectResponse,
} from './response.js';
import { matchRoute } from './routes.js';
import { decodeParameters, parseDecimal, queryParameter } from './url-params.js';

/** Compiled paths in the cache; all are dropped when there is no room. */
const COMPILED_CHECKS_MAX = 4096;
const COMPILED_PATH_LENGTH_MAX = 512;

/** One check in so many is measured: reading the clock for each would cost it a percent more. */
const CHECKS_PER_SAMPLE = 64;

const DURATION_BOUNDS_SECONDS = [1e-6, 2e-6, 5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 2.5e-4, 1e-3, 1e-2];

interface ConfiguredStore {
  /** Its slot of the board. */
  readonly slot: number;
  readonly reader: CachedStoreReader;
}

/** The meaning of a path. */
class CompiledCheck {
  readonly request: Mutable<CheckRequest>;
  /** Undefined when the store is not configured. */
  readonly store: ConfiguredStore | undefined;
  readonly count: Count;
  /** The latest result and its body. There are many checks per new value, so most repeat it. */
  #latest: CheckResult | undefined;
  #body = '';

  constructor(question: CheckRequest, store: ConfiguredStore | undefined, count: Count) {
    this.request = { ...question };
    this.store = store;
    this.count = count;
  }

  bodyOf(result: CheckResult): string {
    const latest = this.#latest;
    if (latest === undefined || !isSame(latest, result)) {
      this.#latest = result;
      this.#body = `${checkJson(result)}\n`;
    }
    return this.#body;
  }
}

export interface ChecksSources {
  readonly board: Board;
  readonly state: ThrottleState;
  readonly counters: CheckCounters;
  readonly recentApps: RecentApps;
  readonly reports: Reports;
  /** Uniform in [0, 1). */
  readonly dice: () => number;
}

export class Checks {
  readonly #sources: ChecksSources;
  readonly #compiled = new Map<string, CompiledCheck>();
  readonly #durations = new Durations(DURATION_BOUNDS_SECONDS);
  #untilSample = CHECKS_PER_SAMPLE;
  readonly #leadership: CachedLeadershipReader;
  readonly #wallClock = new WallClock();
  readonly #context;
  /** The response to every check, filled in place. */
  readonly #response: Mutable<HandlerResponse> = {
    ...jsonResponse(200, ''),
    contentType: JSON_TYPE,
  };
  #stores: ReadonlyMap<string, ConfiguredStore> = new Map();
  #appRules = new AppRules(NO_APP_RULES);

  constructor(sources: ChecksSources) {
    this.#sources = sources;
    this.#leadership = new CachedLeadershipReader(sources.board);
    this.#context = {
      leadership: this.#leadership.current(),
      throttles: sources.state,
      nowMs: 0,
      nowUnixMs: 0,
      lowPriorityHeldAtMs: Number.NEGATIVE_INFINITY,
      dice: sources.dice,
    };
  }

  /** From the parsed request to the finished response, of one check in `CHECKS_PER_SAMPLE`. */
  get durations(): DurationCounts {
    return this.#durations.counted;
  }

  setStores(stores: readonly StoreLocation[]): void {
    const { board } = this.#sources;
    this.#stores = new Map(
      stores.map(({ name, slot }) => [name, { slot, reader: new CachedStoreReader(board, slot) }]),
    );
    this.#compiled.clear();
  }

  get appRules(): AppRules {
    return this.#appRules;
  }

  /** Compiled checks are dropped: rules are looked up when a path is compiled. */
  setAppRules(appRules: AppRules): void {
    this.#appRules = appRules;
    this.#compiled.clear();
  }

  /**
   * Responds to a GET of a path below `/check`. `query` is without its question mark. The next call
   * overwrites the response: send it at once.
   */
  respond(path: string, query: string, client: ClientKey): HandlerResponse {
    const compiled = this.#compiled.get(path) ?? this.#compile(path, query, client);
    return compiled instanceof CompiledCheck ? this.#check(compiled, query, client) : compiled;
  }

  #check(compiled: CompiledCheck, query: string, client: ClientKey): HandlerResponse {
    const { board, recentApps } = this.#sources;
    const { request: question, store } = compiled;
    const context = this.#context;
    context.nowMs = monotonicMs();
    const ownUnixMs = this.#wallClock.unixMs(context.nowMs);
    context.leadership = this.#leadership.current();
    context.nowUnixMs = expiryTimeMs(context.leadership, context.nowMs, ownUnixMs);
    question.store = store?.reader.current();
    question.lowPriority = isLowPriority(query);
    context.lowPriorityHeldAtMs =
      question.lowPriority && store !== undefined
        ? board.lowPriorityHeldAtMs(store.slot)
        : Number.NEGATIVE_INFINITY;

    const result = check(question, context);
    if (store === undefined) {
      this.#sources.reports.unknownStore('mysql', question.storeName, question.app, client);
    } else if (holdsLowPriority(question, result)) {
      board.holdLowPriority(store.slot, context.nowMs);
    }
    compiled.count.add(result.status);
    recentApps.record(question.app, client, ownUnixMs);
    this.#response.status = result.status;
    this.#response.body = compiled.bodyOf(result);
    if (--this.#untilSample === 0) {
      this.#untilSample = CHECKS_PER_SAMPLE;
      this.#durations.record(monotonicMs() - context.nowMs);
    }
    return this.#response;
  }

  /** Compiles the path and caches the result; a path that is not a valid check is not cached. */
  #compile(path: string, query: string, client: ClientKey): CompiledCheck | HandlerResponse {
    const match = matchRoute(path);
    if (match.kind === 'unknown') return NOT_FOUND_RESPONSE;
    if (match.kind === 'redirect') return redirectResponse('GET', withQuery(match.path, query));
    const parameters = decodeParameters(match.encoded);
    if (isResponse(parameters)) return parameters;
    const [app, storeType, storeName, thresholdText] = parameters as [
      string,
      string,
      string,
      string?,
    ];
    const ifExists = match.route.segments[0]!.endsWith('-if-exists');
    const readThreshold = thresholdText === undefined ? undefined : parseDecimal(thresholdText);
    if (thresholdText !== undefined && readThreshold === undefined) {
      return generalResponse(400, `the threshold is not a number: ${thresholdText.slice(0, 100)}`);
    }
    if (storeType !== 'mysql') {
      this.#sources.reports.unknownStore(storeType, storeName, app, client);
      return responseOf(unknownStoreType(ifExists));
    }
    const store = this.#stores.get(storeName);
    const compiled = new CompiledCheck(
      { app, storeName, store: undefined, readThreshold, lowPriority: false, ifExists },
      store,
      this.#sources.counters.of(app, storeName, store !== undefined),
    );
    this.#cache(path, compiled);
    return compiled;
  }

  #cache(path: string, compiled: CompiledCheck): void {
    if (path.length > COMPILED_PATH_LENGTH_MAX) return;
    if (this.#compiled.size >= COMPILED_CHECKS_MAX) this.#compiled.clear();
    this.#compiled.set(path, compiled);
  }
}

export function withQuery(path: string, query: string): string {
  return query === '' ? path : `${path}?${query}`;
}

function isLowPriority(query: string): boolean {
  return query !== '' && (query === 'p=low' || queryParameter(query, 'p') === 'low');
}

function isSame(left: CheckResult, right: CheckResult): boolean {
  return (
    left.value === right.value &&
    left.status === right.status &&
    left.threshold === right.threshold &&
    left.message === right.message
  );
}

function checkJson({ status, value, threshold, message }: CheckResult): string {
  const quoted = message === '' ? '""' : jsonString(message);
  return `{"StatusCode":${status},"Value":${value},"Threshold":${threshold},"Message":${quoted}}`;
}

function responseOf(result: CheckResult): HandlerResponse {
  return jsonResponse(result.status, checkJson(result));
}
