/** The hot path: checks, answered from the board and this thread's copy of the throttle table. */
import { monotonicMs, WallClock } from '../../base/clock.js';
import { type DurationCounts, Durations } from '../../base/durations.js';
import { jsonString } from '../../base/json.js';
import type { Mutable } from '../../base/mutable.js';
import type { Board } from '../../board/board.js';
import { CachedLeadershipReader, CachedStoreReader } from '../../board/cached-reader.js';
import type { StoreLocation } from '../../contracts/http.js';
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
import {
  generalReply,
  type HandlerResponse,
  isReply,
  JSON_TYPE,
  jsonReply,
  NOT_FOUND_REPLY,
  redirectReply,
} from './response.js';
import { matchRoute } from './routes.js';
import { decodeParameters, parseDecimal, queryParameter } from './url-params.js';

/**
 * Paths whose meaning is kept, so that the next request needs one look-up; all are dropped when
 * there is no room.
 */
const COMPILED_CHECKS_MAX = 4096;
const COMPILED_PATH_LENGTH_MAX = 512;

/**
 * The time of one check in so many is measured: reading the clock for each would cost a percent of
 * it.
 */
const CHECKS_PER_SAMPLE = 64;

const ANSWER_BOUNDS_SECONDS = [1e-6, 2e-6, 5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 2.5e-4, 1e-3, 1e-2];

interface ConfiguredStore {
  /** Its place on the board. */
  readonly slot: number;
  readonly reader: CachedStoreReader;
}

/** What a path means. */
class CompiledCheck {
  readonly question: Mutable<CheckRequest>;
  /** Undefined when it is not configured. */
  readonly store: ConfiguredStore | undefined;
  readonly count: Count;
  /**
   * The latest answer and its body: at a thousand checks per new value, most answers are the latest
   * once more.
   */
  #latest: CheckResult | undefined;
  #body = '';

  constructor(question: CheckRequest, store: ConfiguredStore | undefined, count: Count) {
    this.question = { ...question };
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
  /** Uniform in [0, 1). */
  readonly dice: () => number;
}

export class Checks {
  readonly #sources: ChecksSources;
  readonly #compiled = new Map<string, CompiledCheck>();
  readonly #answerTimes = new Durations(ANSWER_BOUNDS_SECONDS);
  #untilSample = CHECKS_PER_SAMPLE;
  readonly #leadership: CachedLeadershipReader;
  readonly #wallClock = new WallClock();
  readonly #context;
  readonly #reply: Mutable<HandlerResponse> = { ...jsonReply(200, ''), contentType: JSON_TYPE };
  #stores: ReadonlyMap<string, ConfiguredStore> = new Map();

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

  /** From the parsed request to the finished answer, of one check in `CHECKS_PER_SAMPLE`. */
  get answerTimes(): DurationCounts {
    return this.#answerTimes.counted;
  }

  setStores(stores: readonly StoreLocation[]): void {
    const { board } = this.#sources;
    this.#stores = new Map(
      stores.map(({ name, slot }) => [name, { slot, reader: new CachedStoreReader(board, slot) }]),
    );
    this.#compiled.clear();
  }

  /**
   * Answers a path below `/check`, or says what is wrong with it. `query` is without its question
   * mark. The reply is filled anew by the next call: send it at once.
   */
  reply(path: string, query: string, client: ClientKey): HandlerResponse {
    const plan = this.#compiled.get(path) ?? this.#compile(path, query);
    return plan instanceof CompiledCheck ? this.#answer(plan, query, client) : plan;
  }

  #answer(plan: CompiledCheck, query: string, client: ClientKey): HandlerResponse {
    const { board, recentApps } = this.#sources;
    const { question, store } = plan;
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
    if (store !== undefined && holdsLowPriority(question, result)) {
      board.holdLowPriority(store.slot, context.nowMs);
    }
    plan.count.add(result.status);
    recentApps.mark(question.app, client, ownUnixMs);
    this.#reply.status = result.status;
    this.#reply.body = plan.bodyOf(result);
    if (--this.#untilSample === 0) {
      this.#untilSample = CHECKS_PER_SAMPLE;
      this.#answerTimes.record(monotonicMs() - context.nowMs);
    }
    return this.#reply;
  }

  /** Finds out what the path means, and keeps it for the next request. */
  #compile(path: string, query: string): CompiledCheck | HandlerResponse {
    const match = matchRoute(path);
    if (match.kind === 'unknown') return NOT_FOUND_REPLY;
    if (match.kind === 'redirect') return redirectReply(withQuery(match.path, query));
    const parameters = decodeParameters(match.encoded);
    if (isReply(parameters)) return parameters;
    const [app, storeType, storeName, thresholdText] = parameters as [
      string,
      string,
      string,
      string?,
    ];
    const ifExists = match.route.segments[0]!.endsWith('-if-exists');
    const readThreshold = thresholdText === undefined ? undefined : parseDecimal(thresholdText);
    if (thresholdText !== undefined && readThreshold === undefined) {
      return generalReply(400, `the threshold is not a number: ${thresholdText.slice(0, 100)}`);
    }
    if (storeType !== 'mysql') return replyOf(unknownStoreType(ifExists));
    const store = this.#stores.get(storeName);
    const plan = new CompiledCheck(
      { app, storeName, store: undefined, readThreshold, lowPriority: false, ifExists },
      store,
      this.#sources.counters.of(app, storeName, store !== undefined),
    );
    this.#keep(path, plan);
    return plan;
  }

  #keep(path: string, plan: CompiledCheck): void {
    if (path.length > COMPILED_PATH_LENGTH_MAX) return;
    if (this.#compiled.size >= COMPILED_CHECKS_MAX) this.#compiled.clear();
    this.#compiled.set(path, plan);
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

function replyOf(result: CheckResult): HandlerResponse {
  return jsonReply(result.status, checkJson(result));
}
