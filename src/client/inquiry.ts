/**
 * One question to freno, asked for one caller or for many: callers share a fresh yes and what is in
 * flight, and those that wait share one schedule, so that a hundred writers ask as one does.
 */
import { Backoff } from '../base/backoff.js';
import type { CheckAnswer, CheckReason } from './answer.js';
import type { FrenoServers } from './servers.js';
import type { CheckQuestion } from './subject.js';
import { AbortScope, abortable, nowMs, pause } from './timing.js';

/** freno has a newer value every 50 ms. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;
/** Jobs that were refused together do not ask again together. */
const JITTER = 0.5;
/** Refusals for which a server holds its response; it answers others at once. */
const MAY_CHANGE_SOON: ReadonlySet<CheckReason> = new Set([
  'threshold-exceeded',
  'metric-error',
  'no-metric-yet',
]);

interface DatedAnswer {
  readonly answer: CheckAnswer;
  /** When freno judged, at the earliest. */
  readonly judgedAtMs: number;
}

type SendRequest = (signal: AbortSignal) => Promise<DatedAnswer>;

/** At most one request at a time, which goes on while a caller waits for it. */
class SharedRequest {
  #result: Promise<DatedAnswer> | null = null;
  #scope = new AbortScope();
  #callers = 0;

  get isRunning(): boolean {
    return this.#result !== null;
  }

  /** Sends the request unless one is in flight. */
  async join(send: SendRequest, signal: AbortSignal): Promise<DatedAnswer> {
    if (this.#result === null) this.#start(send);
    const scope = this.#scope;
    this.#callers++;
    try {
      return await abortable(this.#result!, signal);
    } finally {
      // A request that is over has let its callers go.
      if (scope === this.#scope && --this.#callers === 0) {
        this.#over();
        scope.abort(signal.reason);
      }
    }
  }

  #start(send: SendRequest): void {
    const scope = new AbortScope();
    this.#scope = scope;
    this.#result = send(scope.signal).finally(() => {
      if (scope === this.#scope) this.#over();
    });
    // Each caller gets a failure by itself; there may be none left.
    this.#result.catch(() => undefined);
  }

  #over(): void {
    this.#result = null;
    this.#scope = new AbortScope();
    this.#callers = 0;
  }
}

export class Inquiry {
  readonly #servers: FrenoServers;
  readonly #shareMs: number;
  readonly #backoff = new Backoff({
    firstMs: FIRST_PAUSE_MS,
    maxMs: LONGEST_PAUSE_MS,
    jitter: JITTER,
  });
  readonly #asking = new SharedRequest();
  readonly #holding = new SharedRequest();
  #yes: DatedAnswer | null = null;
  /** The latest refusal while callers wait, and when to ask again. */
  #refusal: CheckAnswer | null = null;
  #askAgainAtMs = 0;
  #waiting = 0;

  constructor(
    readonly question: CheckQuestion,
    servers: FrenoServers,
    shareMs: number,
  ) {
    this.#servers = servers;
    this.#shareMs = shareMs;
  }

  /** No caller is here, and there is no yes to share. */
  get isIdle(): boolean {
    return this.#waiting === 0 && !this.#asking.isRunning && this.#freshYes() === null;
  }

  /** The answer of now, or a yes that is young enough. */
  async ask(signal: AbortSignal): Promise<CheckAnswer> {
    for (;;) {
      const yes = this.#freshYes();
      if (yes !== null) return yes;
      const isOwn = !this.#asking.isRunning;
      const dated = await this.#asking.join((requestSignal) => this.#ask(requestSignal), signal);
      if (isOwn || !dated.answer.permitted || this.#isFresh(dated)) return dated.answer;
    }
  }

  /** Runs what a caller does while it waits. */
  async whileWaiting<T>(wait: () => Promise<T>): Promise<T> {
    this.#waiting++;
    try {
      return await wait();
    } finally {
      if (--this.#waiting === 0) this.#resetSchedule();
    }
  }

  /** The next answer for a caller that waits, as soon as it is time to ask. */
  async next(secondsLeft: number, signal: AbortSignal): Promise<CheckAnswer> {
    for (;;) {
      const yes = this.#freshYes();
      if (yes !== null) return yes;
      const held = await this.#hold(secondsLeft, signal);
      if (held !== null) return held;
      const pauseMs = this.#askAgainAtMs - nowMs();
      if (pauseMs <= 0) return this.ask(signal);
      await pause(pauseMs, signal);
    }
  }

  async #ask(signal: AbortSignal): Promise<DatedAnswer> {
    const sentAtMs = nowMs();
    const answer = await this.#servers.ask(this.question, signal);
    if (answer.permitted) return this.#permit(answer, sentAtMs);
    if (this.#waiting > 0) {
      this.#refusal = answer;
      this.#askAgainAtMs = nowMs() + this.#backoff.failed();
    }
    return { answer, judgedAtMs: sentAtMs };
  }

  /** Null: no server holds its response, so it is time for the schedule. */
  async #hold(secondsLeft: number, signal: AbortSignal): Promise<CheckAnswer | null> {
    const refusal = this.#refusal;
    if (refusal === null || !MAY_CHANGE_SOON.has(refusal.reason)) return null;
    const seconds = Math.min(this.#servers.holdSeconds(refusal), Math.floor(secondsLeft));
    if (seconds < 1 && !this.#holding.isRunning) return null;
    const send = async (requestSignal: AbortSignal): Promise<DatedAnswer> => {
      const held = await this.#servers.hold(this.question, refusal, seconds, requestSignal);
      // freno responds when it judges, or earlier than this client reads it by the time in transit.
      if (held?.permitted) return this.#permit(held, nowMs());
      this.#refusal = held;
      return { answer: held ?? refusal, judgedAtMs: nowMs() };
    };
    const { answer } = await this.#holding.join(send, signal);
    return answer === refusal ? null : answer;
  }

  #permit(answer: CheckAnswer, judgedAtMs: number): DatedAnswer {
    this.#yes = { answer, judgedAtMs };
    this.#resetSchedule();
    return this.#yes;
  }

  #resetSchedule(): void {
    this.#refusal = null;
    this.#askAgainAtMs = 0;
    this.#backoff.succeeded();
  }

  #freshYes(): CheckAnswer | null {
    return this.#yes !== null && this.#isFresh(this.#yes) ? this.#yes.answer : null;
  }

  #isFresh({ judgedAtMs }: DatedAnswer): boolean {
    return this.#shareMs > 0 && nowMs() - judgedAtMs <= this.#shareMs;
  }
}
