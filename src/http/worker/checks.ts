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
import type { Mutable } from '../../base/mutable.js';
import type { AnswerCounts } from '../../board/answer-counts.js';
import type { Board } from '../../board/board.js';
import { CachedLeadershipReader } from '../../board/cached-reader.js';
import type { StoreLocation } from '../../contracts/http.js';
import { AppRules, appAndPrefixes, NO_APP_RULES } from '../../throttle/app-rules.js';
import {
  type CheckContext,
  check,
  entryKeys,
  holdsLowPriority,
  unknownStoreType,
} from '../../throttle/check.js';
import { explain } from '../../throttle/explanation.js';
import { type Judgement, judge } from '../../throttle/judgement.js';
import { expiryTimeMs, mayAct } from '../../throttle/leadership-view.js';
import type { ThrottleState } from '../../throttle/state.js';
import { JSON_TYPE } from '../shared/json-bodies.js';
import {
  type ApplicableMetric,
  applicableMetrics,
  CompiledCheck,
  ConfiguredStore,
  checkJson,
} from './compiled-check.js';
import type { CheckCounters, Count } from './counters.js';
import {
  explainedJson,
  surroundingsOf,
  unknownMetricJson,
  unknownStoreJson,
  unknownTypeJson,
} from './explanations.js';
import type { ClientKey, RecentApps } from './recent-apps.js';
import type { Reports } from './reports.js';
import {
  generalResponse,
  type HandlerResponse,
  isResponse,
  jsonResponse,
  NOT_FOUND_RESPONSE,
  redirectResponse,
} from './response.js';
import { matchRoute } from './routes.js';
import { decodeParameters, parseDecimal, queryParameter, withoutSemicolons } from './url-params.js';

/** Compiled paths in the cache; all are dropped when there is no room. */
const COMPILED_CHECKS_MAX = 4096;
const COMPILED_PATH_LENGTH_MAX = 512;

/** One check in so many is measured: reading the clock for each would cost it a percent more. */
const CHECKS_PER_SAMPLE = 64;

/** A thread that answers checks without end is not hung: it reports that in these intervals. */
const ALIVE_EVERY_MS = 500;

const DURATION_BOUNDS_SECONDS = [1e-6, 2e-6, 5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 2.5e-4, 1e-3, 1e-2];

/** The whole query of most checks that have one. */
export const LOW_PRIORITY_QUERY = 'p=low';

/** What a throttle of a part of the checks draws where no check is answered. */
const DICE = { look: () => 1 - Number.EPSILON, question: () => 0 } as const;

/** A path, and what of its query decides how it is compiled. */
interface AskedCheck {
  readonly path: string;
  readonly query: string;
  /** Names of metrics, comma-separated; empty: none. */
  readonly metrics: string;
  /** In the cache. */
  readonly key: string;
  /** Whether a refusal says why. */
  readonly explains: boolean;
}

export interface ChecksSources {
  readonly board: Board;
  readonly state: ThrottleState;
  readonly answers: AnswerCounts;
  readonly counters: CheckCounters;
  readonly recentApps: RecentApps;
  readonly reports: Reports;
  /** Uniform in [0, 1). */
  readonly dice: () => number;
  /** Called now and then while checks are answered, also within one turn of the event loop. */
  readonly alive: () => void;
}

/**
 * `answer`: what is only observed is counted. `look`: of a client that waits; a throttle of a part
 * of the checks denies by chance once, when it is answered. `question`: why; such a throttle is the
 * answer.
 */
type JudgingPurpose = 'answer' | 'look' | 'question';

/** A check with the reasons for its result. */
export interface ExplainedCheck {
  readonly result: Judgement;
  /** Null: this node does not lead, so that its metrics say nothing. */
  readonly json: string | null;
}

export class Checks {
  readonly #sources: ChecksSources;
  readonly #compiled = new Map<string, CompiledCheck>();
  readonly #durations = new Durations(DURATION_BOUNDS_SECONDS);
  #untilSample = CHECKS_PER_SAMPLE;
  #aliveAtMs = 0;
  /** By this node's own clock, of the latest judgement. */
  #judgedAtUnixMs = 0;
  readonly #leadership: CachedLeadershipReader;
  readonly #wallClock = new WallClock();
  readonly #context: Mutable<CheckContext>;
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
      observed: ignoreObserved,
    };
  }

  /** From the parsed request to the finished response, of one check in `CHECKS_PER_SAMPLE`. */
  get durations(): DurationCounts {
    return this.#durations.counted;
  }

  setStores(stores: readonly StoreLocation[]): void {
    const { board, counters } = this.#sources;
    const before = this.#stores;
    this.#stores = new Map(stores.map((store) => [store.name, new ConfiguredStore(store, board)]));
    this.#compiled.clear();
    const removed = [...before.keys()].filter((name) => !this.#stores.has(name));
    if (removed.length > 0) counters.forgetStores(new Set(removed));
  }

  get appSeparator(): string {
    return this.#appRules.separator;
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
    const compiled = this.compiled(path, query, client);
    if (!(compiled instanceof CompiledCheck)) return compiled;
    return this.answered(compiled, query, client);
  }

  /** As `respond`. */
  answered(compiled: CompiledCheck, query: string, client: ClientKey): HandlerResponse {
    return this.answer(compiled, this.judge(compiled, query, 'answer'), client);
  }

  /**
   * What the path and the metrics in the query mean, or the response that refuses them, which
   * `explains` why.
   */
  compiled(
    path: string,
    query: string,
    client: ClientKey,
    explains = false,
  ): CompiledCheck | HandlerResponse {
    const metrics = namesNoMetric(query) ? '' : queryParameter(query, 'metric');
    if (typeof metrics === 'object') return metrics;
    const key = metrics === '' ? path : `${path}?${metrics}`;
    return (
      this.#compiled.get(key) ?? this.#compile({ path, query, metrics, key, explains }, client)
    );
  }

  /** Judges the check as of now, and marks nothing. */
  judge(compiled: CompiledCheck, query: string, purpose: JudgingPurpose): Judgement {
    const { request, store } = compiled;
    const context = this.#beginJudging(compiled);
    context.observed = purpose === 'answer' ? countObserved : ignoreObserved;
    context.dice = purpose === 'answer' ? this.#sources.dice : DICE[purpose];
    request.lowPriority = isLowPriority(query, compiled.isLowByRule);
    context.lowPriorityHeldAtMs =
      request.lowPriority && store !== undefined
        ? this.#sources.board.lowPriorityHeldAtMs(store.slot)
        : Number.NEGATIVE_INFINITY;
    return check(request, context);
  }

  /** Brings the time, the leadership and the readings up to date. */
  #beginJudging({ metrics }: CompiledCheck): Mutable<CheckContext> {
    const context = this.#context;
    context.nowMs = monotonicMs();
    context.leadership = this.#leadership.current();
    this.#judgedAtUnixMs = this.#wallClock.unixMs(context.nowMs);
    context.nowUnixMs = expiryTimeMs(context.leadership, context.nowMs, this.#judgedAtUnixMs);
    for (const metric of metrics) metric.refresh();
    return context;
  }

  /**
   * Whether a client that waits for 200 gets its answer now: it is 200, or one that waiting does
   * not change. A check that goes on waiting holds low priority off, and is seen, as if it were
   * asked again.
   */
  needsNoWait(compiled: CompiledCheck, query: string): boolean {
    const result = this.judge(compiled, query, 'look');
    const { leadership, nowMs } = this.#context;
    const { store, request } = compiled;
    if (result.status === 200 || result.status === 417 || store === undefined) return true;
    if (!mayAct(leadership, nowMs)) return true;
    if (holdsLowPriority(request, result)) this.#sources.board.holdLowPriority(store.slot, nowMs);
    compiled.count ??= this.#countOf(compiled);
    compiled.count.isAwaited(result, nowMs, request.lowPriority);
    return false;
  }

  /** Whether a metric that many checks may share keeps it from 200, on a node that leads. */
  isHeldBack(compiled: CompiledCheck): boolean {
    const { leadership, nowMs } = this.#beginJudging(compiled);
    if (!mayAct(leadership, nowMs)) return false;
    return compiled.metrics.some(
      (metric) => metric.mode === 'enforce' && judge(metric, this.#context).status !== 200,
    );
  }

  /** Counts and marks what `judge` has just returned, and writes the response. */
  answer(compiled: CompiledCheck, result: Judgement, client: ClientKey): HandlerResponse {
    const { board, answers, recentApps, reports } = this.#sources;
    const { request, store } = compiled;
    const { nowMs } = this.#context;
    if (store === undefined) {
      reports.unknownStore('mysql', request.storeName, request.app, client);
    } else if (holdsLowPriority(request, result)) {
      board.holdLowPriority(store.slot, nowMs);
    }
    compiled.count ??= this.#countOf(compiled);
    compiled.count.add(result.status, nowMs, request.lowPriority, result.metric);
    if (store !== undefined) answers.add(store.slot, result.status);
    recentApps.record(compiled.countedApp, client, this.#judgedAtUnixMs);
    this.#response.status = result.status;
    this.#response.body = compiled.bodyOf(result);
    if (--this.#untilSample === 0) {
      this.#untilSample = CHECKS_PER_SAMPLE;
      this.#durations.record(monotonicMs() - nowMs);
      if (nowMs - this.#aliveAtMs > ALIVE_EVERY_MS) {
        this.#aliveAtMs = nowMs;
        this.#sources.alive();
      }
    }
    return this.#response;
  }

  /** The reasons for `result`, which `judge` has just returned. */
  explain(compiled: CompiledCheck, result: Judgement): ExplainedCheck {
    const { board, state } = this.#sources;
    const { request, store } = compiled;
    const context = this.#context;
    if (store === undefined) {
      const json = unknownStoreJson(result, request.storeName, this.#stores.keys());
      return { result, json };
    }
    if (result.status === 404 && !mayAct(context.leadership, context.nowMs)) {
      return { result, json: null };
    }
    const around = surroundingsOf(compiled, context.nowUnixMs, { board, state });
    return { result, json: explainedJson(result, explain(request, context, result, around)) };
  }

  /** Compiles the path and caches the result; a path that is not a valid check is not cached. */
  #compile(asked: AskedCheck, client: ClientKey): CompiledCheck | HandlerResponse {
    const match = matchRoute(asked.path);
    if (match.kind === 'unknown') return NOT_FOUND_RESPONSE;
    if (match.kind === 'found' && match.route.endpoint !== 'check') return NOT_FOUND_RESPONSE;
    if (match.kind === 'redirect') {
      return redirectResponse('GET', withQuery(match.path, asked.query));
    }
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
      const result = unknownStoreType(ifExists);
      return responseOf(result, asked.explains ? unknownTypeJson(result, storeType) : undefined);
    }
    const store = this.#stores.get(storeName);
    const named = asked.metrics === '' ? undefined : asked.metrics.split(',');
    const unknown = store && named?.find((name) => store.metric(name) === undefined);
    if (store !== undefined && unknown !== undefined) {
      const result = unknownMetric(unknown);
      return responseOf(
        result,
        asked.explains ? unknownMetricJson(result, unknown, store) : undefined,
      );
    }
    const rule = this.#appRules.ruleFor(app);
    const { counters } = this.#sources;
    const metrics =
      store &&
      applicableMetrics(store, { named, rule, readThreshold }, (metric) =>
        counters.observedOf(storeName, metric),
      );
    const keys = entryKeys(appAndPrefixes(app, this.#appRules.separator), storeName);
    const compiled = new CompiledCheck(
      { app, storeName, keys, readThreshold, lowPriority: false, ifExists },
      metrics,
      store,
      rule,
    );
    this.#cache(asked.key, compiled);
    return compiled;
  }

  #countOf({ request, store }: CompiledCheck): Count {
    return this.#sources.counters.of(request.app, request.storeName, store !== undefined);
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

/** Nearly all queries. */
function namesNoMetric(query: string): boolean {
  return query === '' || query === LOW_PRIORITY_QUERY;
}

/** What the query says has precedence over the rule of the app. */
function isLowPriority(query: string, isLowByRule: boolean): boolean {
  if (query === '') return isLowByRule;
  if (query === LOW_PRIORITY_QUERY) return true;
  const priority = queryParameter(withoutSemicolons(query), 'p');
  return priority === '' ? isLowByRule : priority === 'low';
}

function unknownMetric(name: string): Judgement {
  const message = `No such metric: ${name.slice(0, 100)}`;
  return { status: 404, value: 0, threshold: 0, message, metric: null };
}

function responseOf(result: Judgement, json = checkJson(result, false)): HandlerResponse {
  return jsonResponse(result.status, json);
}

function countObserved({ metric }: Judgement): void {
  (metric as ApplicableMetric).observed!.count++;
}

function ignoreObserved(_denial: Judgement): void {}
