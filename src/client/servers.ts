/** The servers of a client: which one answers, and for how long none has. */
import {
  type CheckAnswer,
  type RefusedAnswer,
  type ServerVerdict,
  unreachable,
  verdictOf,
} from './answer.js';
import { FrenoClientError } from './errors.js';
import type { CheckEvent } from './events.js';
import type { HttpExchange, HttpFailure, HttpReply } from './exchange.js';
import { type Explanation, explanationOf } from './explanation.js';
import type { ClientSettings } from './options.js';
import type { CheckQuestion } from './subject.js';
import { nowMs } from './timing.js';

/** Answers to checks and explanations are far smaller. */
const BODY_BYTES_MAX = 64 * 1024;
/** `/aggregated-metrics` of the largest configuration. */
const LIST_BYTES_MAX = 1024 * 1024;
/** How long a server holds a response at most. */
const HOLD_SECONDS_MAX = 10;
/** A server, or a balancer before it, that did not hold a response is not asked to for so long. */
const NO_HOLD_MS = 30_000;
/** A server that does not explain is asked again after that: it may have been upgraded. */
const NO_EXPLANATION_MS = 60_000;

interface FrenoServer {
  readonly url: string;
  /** It has answered as freno does. */
  isFreno: boolean;
  noHoldUntilMs: number;
  noExplanationUntilMs: number;
}

export class FrenoServers {
  readonly #exchange: HttpExchange;
  readonly #settings: ClientSettings;
  readonly #servers: readonly FrenoServer[];
  /** The one that answered last, which is asked first. */
  #current = 0;
  #unreachableSinceMs: number | null = null;

  constructor(exchange: HttpExchange, settings: ClientSettings) {
    this.#exchange = exchange;
    this.#settings = settings;
    this.#servers = settings.servers.map((url) => ({
      url,
      isFreno: false,
      noHoldUntilMs: 0,
      noExplanationUntilMs: 0,
    }));
  }

  /** For how long no freno has responded; 0 while one does. */
  get unreachableForMs(): number {
    return this.#unreachableSinceMs === null ? 0 : nowMs() - this.#unreachableSinceMs;
  }

  /**
   * Asks each server in turn until one judges the store. Resolves with an answer also when none
   * does. Rejects with a `FrenoClientError` when asking again is of no use.
   */
  async ask(question: CheckQuestion, signal: AbortSignal): Promise<CheckAnswer> {
    let elsewhere: RefusedAnswer | null = null;
    const failures: string[] = [];
    for (const server of this.#inOrder()) {
      const verdict = await this.#verdict(server, question, 0, signal);
      if (verdict.kind === 'answered') {
        this.#current = this.#servers.indexOf(server);
        this.#unreachableSinceMs = null;
        return verdict.answer;
      }
      if (verdict.kind === 'elsewhere') elsewhere = lessCertain(elsewhere, verdict.answer);
      else failures.push(`${server.url}: ${verdict.text}`);
    }
    if (elsewhere === null) {
      this.#unreachableSinceMs ??= nowMs();
      return unreachable(failures.join('; '));
    }
    this.#unreachableSinceMs = null;
    if (elsewhere.reason === 'no-such-metric') {
      await this.#refuseUnknown(question, elsewhere.message, signal);
    }
    return elsewhere;
  }

  /** For how many seconds the server may be asked to hold its response; 0: do not ask it to. */
  holdSeconds(answer: CheckAnswer): number {
    const server = this.#servers.find(({ url }) => url === answer.server);
    return server === undefined || nowMs() < server.noHoldUntilMs ? 0 : HOLD_SECONDS_MAX;
  }

  /**
   * Asks the server of that answer again, and to hold its response until it is a yes. Resolves with
   * null when it has not: it is of another release, has too many waiters, or is gone.
   */
  async hold(
    question: CheckQuestion,
    { server: url }: CheckAnswer,
    seconds: number,
    signal: AbortSignal,
  ): Promise<CheckAnswer | null> {
    const server = this.#servers.find((each) => each.url === url);
    if (server === undefined) return null;
    const askedAtMs = nowMs();
    const verdict = await this.#verdict(server, question, seconds, signal);
    if (verdict.kind === 'elsewhere') return null;
    if (verdict.kind === 'answered') {
      this.#unreachableSinceMs = null;
      const { permitted, reason } = verdict.answer;
      // The clocks of two machines differ a little.
      const wasHeld = nowMs() - askedAtMs > seconds * 900;
      if (permitted || wasHeld || reason === 'app-denied') return verdict.answer;
    }
    server.noHoldUntilMs = nowMs() + NO_HOLD_MS;
    return null;
  }

  /** freno's own explanation; null when no server gives one. */
  async explain({ whyPath }: CheckQuestion, signal: AbortSignal): Promise<Explanation | null> {
    let second: Explanation | null = null;
    for (const server of this.#inOrder()) {
      if (nowMs() < server.noExplanationUntilMs) continue;
      const reply = await this.#get(server, whyPath, BODY_BYTES_MAX, signal);
      if (reply.kind === 'failure' || reply.status >= 502) continue;
      const explanation = explanationOf(reply, server.url);
      if (explanation === null) server.noExplanationUntilMs = nowMs() + NO_EXPLANATION_MS;
      else if (explanation.message !== 'Not the leader') return explanation;
      second ??= explanation;
    }
    return second;
  }

  /** The JSON text of a path that every freno serves, from the current server. */
  async list(path: string, signal: AbortSignal): Promise<HttpReply | HttpFailure> {
    return this.#get(this.#servers[this.#current]!, path, LIST_BYTES_MAX, signal);
  }

  /** Whether a server says that it leads. */
  async haveLeader(signal: AbortSignal): Promise<boolean> {
    for (const server of this.#inOrder()) {
      const reply = await this.#get(server, '/leader-check', BODY_BYTES_MAX, signal);
      const isReply = reply.kind === 'reply' && reply.status === 200;
      if (isReply && /^"HTTP 200"\s*$/.test(reply.body ?? '')) return true;
    }
    return false;
  }

  /** From the current one on. */
  #inOrder(): readonly FrenoServer[] {
    return [...this.#servers.slice(this.#current), ...this.#servers.slice(0, this.#current)];
  }

  /**
   * Rejects if freno's own explanation is of that message: it names what there is instead. A
   * release that explains itself says `No such metric` only of a store that it does not have.
   */
  async #refuseUnknown(
    question: CheckQuestion,
    message: string,
    signal: AbortSignal,
  ): Promise<void> {
    const explanation = await this.explain(question, signal);
    if (explanation?.message === message) {
      const text = `${explanation.server}: ${explanation.text}`;
      throw new FrenoClientError('UNKNOWN_STORE', text);
    }
  }

  async #verdict(
    server: FrenoServer,
    question: CheckQuestion,
    heldSeconds: number,
    signal: AbortSignal,
  ): Promise<Exclude<ServerVerdict, { readonly kind: 'foreign' | 'refused' }>> {
    const askedAtMs = nowMs();
    const path = heldSeconds === 0 ? question.path : heldPath(question, heldSeconds);
    const reply = await this.#get(server, path, BODY_BYTES_MAX, signal, heldSeconds);
    const verdict: ServerVerdict =
      reply.kind === 'failure'
        ? { kind: 'unavailable', text: reply.text }
        : verdictOf(reply, server.url);
    this.#settings.onCheck(eventOf(server, reply, verdict, nowMs() - askedAtMs, heldSeconds > 0));
    switch (verdict.kind) {
      case 'answered':
      case 'elsewhere':
        server.isFreno = true;
        return verdict;
      case 'unavailable':
        return verdict;
      case 'refused':
        if (verdict.code === 'UNKNOWN_STORE') {
          await this.#refuseUnknown(question, verdict.text, signal);
        }
        throw new FrenoClientError(verdict.code, `${server.url}: ${verdict.text}`);
      case 'foreign':
        // A page in front of a freno that has answered before will go away again.
        if (server.isFreno) return { kind: 'unavailable', text: verdict.text };
        throw new FrenoClientError('NOT_FRENO', `${server.url} is no freno: ${verdict.text}`);
    }
  }

  /**
   * Asks at once again when the connection broke: servers close idle ones, which shows only at the
   * next request.
   */
  async #get(
    server: FrenoServer,
    path: string,
    bodyBytesMax: number,
    signal: AbortSignal,
    heldSeconds = 0,
  ): Promise<HttpReply | HttpFailure> {
    const timeoutMs = this.#settings.requestTimeoutMs + heldSeconds * 1_000;
    const bounds = { timeoutMs, bodyBytesMax, signal };
    const reply = await this.#exchange.get(server.url + path, bounds);
    const mayBeIdleClosed = reply.kind === 'failure' && !reply.timedOut && server.isFreno;
    return mayBeIdleClosed ? this.#exchange.get(server.url + path, bounds) : reply;
  }
}

function heldPath({ path }: CheckQuestion, seconds: number): string {
  return `${path}${path.includes('?') ? '&' : '?'}wait=${seconds}`;
}

/** Of a release that does not explain itself. */
export function unknownStore({ store }: CheckQuestion, server: string | null): FrenoClientError {
  return new FrenoClientError('UNKNOWN_STORE', `${server} has no store ${store}`);
}

/** A server that does not know the store may be a follower, of a release that does not say so. */
function lessCertain(before: RefusedAnswer | null, answer: RefusedAnswer): RefusedAnswer {
  return before === null || answer.reason === 'no-such-metric' ? answer : before;
}

function eventOf(
  { url: server }: FrenoServer,
  reply: HttpReply | HttpFailure,
  verdict: ServerVerdict,
  durationMs: number,
  held: boolean,
): CheckEvent {
  const isAnswer = verdict.kind === 'answered' || verdict.kind === 'elsewhere';
  const reason = isAnswer ? verdict.answer.reason : 'unreachable';
  const status = reply.kind === 'reply' ? reply.status : 0;
  return { server, status, reason, durationMs, held };
}
