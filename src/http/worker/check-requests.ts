/** Requests about checks that ask for more than the check: reasons, waiting, several stores. */
import type { ClusterStatus } from '../../contracts/consensus.js';
import type { MainRequest, MainResponse } from '../../contracts/http.js';
import {
  type AskedStore,
  AwaitedCheck,
  AwaitedStores,
  type CheckResponder,
} from './awaited-checks.js';
import type { Checks, ExplainedCheck } from './checks.js';
import { CompiledCheck } from './compiled-check.js';
import { notLeadingJson } from './explanations.js';
import type { ClientKey } from './recent-apps.js';
import { generalResponse, type HandlerResponse, isResponse, jsonResponse } from './response.js';
import { parseDecimal, queryParameter, queryParameters } from './url-params.js';
import type { Waiters } from './waiters.js';

const WAIT = 'wait';
const VERBOSE = 'verbose';

export const WAIT_SECONDS_MAX = 60;

/** Stores in one `/check-all`. */
export const STORES_MAX = 64;

/** What a request about checks says. */
export interface ReceivedCheck {
  readonly query: string;
  readonly client: ClientKey;
  /** The listener is called when the client has gone before it got its response. */
  readonly onAbort: (listener: () => void) => void;
}

export interface CheckRequestSources {
  readonly checks: Checks;
  readonly waiters: Waiters;
  readonly callMain: (request: MainRequest) => Promise<MainResponse>;
}

export class CheckRequests {
  readonly #sources: CheckRequestSources;

  constructor(sources: CheckRequestSources) {
    this.#sources = sources;
  }

  /** A check with a query; `path` begins with `/check`. */
  check(path: string, question: ReceivedCheck): HandlerResponse | Promise<HandlerResponse> {
    const { query, client } = question;
    const { checks, waiters } = this.#sources;
    // Letters of their names may be encoded.
    if (!query.includes(WAIT) && !query.includes(VERBOSE) && !query.includes('%')) {
      return checks.respond(path, query, client);
    }
    const waitMs = waitMsOf(query);
    if (typeof waitMs === 'object') return waitMs;
    const isVerbose = asksForReasons(query);
    const compiled = checks.compiled(path, query, client, isVerbose);
    if (!(compiled instanceof CompiledCheck)) return compiled;
    // All who wait with this question share it: each is counted as the client that it is.
    const answer: CheckResponder = (meaning, asking) =>
      isVerbose ? this.#explain(meaning, query, asking) : checks.answered(meaning, query, asking);
    if (waitMs === 0 || checks.needsNoWait(compiled, query)) return answer(compiled, client);
    const compile = () => checks.compiled(path, query, client, isVerbose);
    const awaited = new AwaitedCheck(checks, query, compile, answer);
    const place = { ...question, waitMs };
    return waiters.wait(`${path}?${query}`, awaited, place) ?? answer(compiled, client);
  }

  /** Why a check has its result; neither counted nor marked. */
  why(path: string, query: string, client: ClientKey): HandlerResponse | Promise<HandlerResponse> {
    const { checks } = this.#sources;
    const compiled = checks.compiled(path, query, client, true);
    if (!(compiled instanceof CompiledCheck)) return compiled;
    return this.#explained(checks.explain(compiled, checks.judge(compiled, query, 'question')));
  }

  /** Answers and counts the check, and says why. */
  #explain(
    compiled: CompiledCheck,
    query: string,
    client: ClientKey,
  ): HandlerResponse | Promise<HandlerResponse> {
    const { checks } = this.#sources;
    const result = checks.judge(compiled, query, 'answer');
    const explained = checks.explain(compiled, result);
    checks.answer(compiled, result, client);
    return this.#explained(explained);
  }

  /** `/check-all/<app>?store=…&store=…`: the worst of all, and each by itself. */
  checkAll(
    encodedApp: string,
    question: ReceivedCheck,
  ): HandlerResponse | Promise<HandlerResponse> {
    const { query } = question;
    const { checks, waiters } = this.#sources;
    const waitMs = waitMsOf(query);
    if (typeof waitMs === 'object') return waitMs;
    const compile = () => this.#storesOf(encodedApp, question);
    const awaited = new AwaitedStores(checks, query, compile, asksForReasons(query));
    if (waitMs === 0 || awaited.isReady()) return awaited.answer(question.client);
    const key = `all ${encodedApp}?${query}`;
    const waiting = waiters.wait(key, awaited, { ...question, waitMs });
    return waiting ?? awaited.answer(question.client);
  }

  #storesOf(encodedApp: string, { query, client }: ReceivedCheck): AskedStore[] | HandlerResponse {
    const names = queryParameters(query, 'store');
    if (isResponse(names)) return names;
    if (names.length === 0 || names.length > STORES_MAX) {
      return generalResponse(400, `store: 1 to ${STORES_MAX} of them, got ${names.length}`);
    }
    const asked: AskedStore[] = [];
    for (const store of names) {
      const [type, name, ...rest] = store.split('/');
      if (!type || !name || rest.length > 0) {
        return generalResponse(400, `store: TYPE/NAME, got ${store.slice(0, 100)}`);
      }
      const path = `/check/${encodedApp}/${encodeURIComponent(type)}/${encodeURIComponent(name)}`;
      const compiled = this.#sources.checks.compiled(path, query, client);
      if (!(compiled instanceof CompiledCheck)) return compiled;
      asked.push({ store, compiled });
    }
    return asked;
  }

  /** Only main knows the leader, and the address of its HTTP service. */
  #explained({ result, json }: ExplainedCheck): HandlerResponse | Promise<HandlerResponse> {
    if (json !== null) return jsonResponse(result.status, json);
    return this.#sources.callMain({ kind: 'cluster' }).then((cluster) => {
      const known = cluster.status === 200 ? (JSON.parse(cluster.json) as ClusterStatus) : null;
      return jsonResponse(result.status, notLeadingJson(result, known));
    });
  }
}

/** `?verbose=1`. */
function asksForReasons(query: string): boolean {
  const verbose = queryParameter(query, VERBOSE);
  return verbose === '1' || verbose === 'true';
}

/** `?wait=SECONDS`; 0: the query has none. */
function waitMsOf(query: string): number | HandlerResponse {
  const text = queryParameter(query, WAIT);
  if (typeof text === 'object' || text === '') return text === '' ? 0 : text;
  const seconds = parseDecimal(text);
  if (seconds !== undefined && seconds >= 0 && seconds <= WAIT_SECONDS_MAX) return seconds * 1000;
  return generalResponse(
    400,
    `wait: seconds from 0 to ${WAIT_SECONDS_MAX}, got ${text.slice(0, 100)}`,
  );
}
