/**
 * Clients that wait for a check to become 200 (`?wait=`). They cost next to nothing while they
 * wait: clients with the same question share one look at it, one timer looks at all questions, and
 * answers go out in slices, so that ten thousand that become due at once do not delay the others.
 */
import { monotonicMs } from '../../base/clock.js';
import type { ClientKey } from './recent-apps.js';
import type { HandlerResponse } from './response.js';

/** How often questions are looked at while anybody waits: as often as hosts are read. */
const LOOK_INTERVAL_MS = 50;

/**
 * A look at the metrics alone does not see that an entry was made, lifted or has expired: each
 * question is judged whole this often.
 */
const WHOLE_LOOK_INTERVAL_MS = 250;

/** Answers in one turn of the event loop. */
const ANSWERS_PER_TURN = 100;

/** Waiters of one client address in one thread. */
export const WAITERS_PER_CLIENT_MAX = 100;

/** One look at all questions. */
export interface Look {
  /** Another one each time: what several questions share is looked at once. */
  readonly number: number;
  /** Each question is judged whole, also where its metrics say that it must wait. */
  readonly isWhole: boolean;
}

/** Before anybody waits. */
export const FIRST_LOOK: Look = { number: 0, isWhole: true };

/** A question for which clients wait. */
export interface AwaitedQuestion {
  /** Whether its answer need not be waited for any longer. */
  isReady(look: Look): boolean;
  /** Counts the check, with the result of now. */
  answer(client: ClientKey): HandlerResponse;
}

interface Waiter {
  readonly client: ClientKey;
  readonly deadlineMs: number;
  readonly resolve: (response: HandlerResponse) => void;
}

interface WaitingGroup {
  readonly question: AwaitedQuestion;
  readonly waiters: Set<Waiter>;
  /** No waiter's time is over before. */
  firstDeadlineMs: number;
}

interface DueAnswer {
  readonly question: AwaitedQuestion;
  readonly waiter: Waiter;
}

export class Waiters {
  readonly #waitersMax: number;
  /** By the text of the question. */
  readonly #groups = new Map<string, WaitingGroup>();
  readonly #perClient = new Map<ClientKey, number>();
  readonly #due: DueAnswer[] = [];
  #timer: NodeJS.Timeout | undefined;
  #looks = 0;
  #wholeLookAtMs = 0;
  #isAnswering = false;
  #isStopped = false;
  #waiting = 0;
  #refused = 0;

  constructor(waitersMax: number) {
    this.#waitersMax = waitersMax;
  }

  /** Clients that wait now. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Clients that were answered at once because too many waited. */
  get refused(): number {
    return this.#refused;
  }

  /**
   * Resolves with the response when the question is ready, or after that time. `onAbort` reports
   * that the client has gone. Null: too many wait, or the thread stops; answer at once.
   */
  wait(
    key: string,
    question: AwaitedQuestion,
    { client, waitMs, onAbort }: WaitingClient,
  ): Promise<HandlerResponse> | null {
    if (this.#isStopped || !this.#takePlace(client)) return null;
    let group = this.#groups.get(key);
    if (group === undefined) {
      group = { question, waiters: new Set(), firstDeadlineMs: Number.POSITIVE_INFINITY };
      this.#groups.set(key, group);
    }
    this.#timer ??= setInterval(() => this.#look(), LOOK_INTERVAL_MS);
    const { waiters } = group;
    const deadlineMs = monotonicMs() + waitMs;
    group.firstDeadlineMs = Math.min(group.firstDeadlineMs, deadlineMs);
    return new Promise((resolve) => {
      const waiter = { client, deadlineMs, resolve };
      waiters.add(waiter);
      onAbort(() => {
        if (waiters.delete(waiter)) this.#gone(waiter);
        this.#dropIfEmpty(key);
      });
    });
  }

  /** Answers all at once, and refuses all later waiters. */
  stop(): void {
    this.#isStopped = true;
    clearInterval(this.#timer);
    for (const { question, waiters } of this.#groups.values()) this.#release(question, waiters);
    this.#groups.clear();
    while (this.#due.length > 0) this.#answerSome();
  }

  #takePlace(client: ClientKey): boolean {
    const ofClient = this.#perClient.get(client) ?? 0;
    if (this.#waiting >= this.#waitersMax || ofClient >= WAITERS_PER_CLIENT_MAX) {
      this.#refused++;
      return false;
    }
    this.#waiting++;
    this.#perClient.set(client, ofClient + 1);
    return true;
  }

  #gone({ client }: Waiter): void {
    this.#waiting--;
    const ofClient = this.#perClient.get(client)! - 1;
    if (ofClient === 0) this.#perClient.delete(client);
    else this.#perClient.set(client, ofClient);
  }

  #look(): void {
    const nowMs = monotonicMs();
    const isWhole = nowMs - this.#wholeLookAtMs >= WHOLE_LOOK_INTERVAL_MS;
    if (isWhole) this.#wholeLookAtMs = nowMs;
    const look = { number: ++this.#looks, isWhole };
    for (const [key, group] of this.#groups) {
      const { question, waiters } = group;
      if (question.isReady(look)) this.#release(question, waiters);
      else if (group.firstDeadlineMs <= nowMs) this.#releaseOverdue(group, nowMs);
      else continue;
      this.#dropIfEmpty(key);
    }
    if (this.#groups.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
  }

  #release(question: AwaitedQuestion, waiters: Set<Waiter>): void {
    for (const waiter of waiters) this.#due.push({ question, waiter });
    waiters.clear();
    this.#answerSoon();
  }

  /** Those whose time is over at `nowMs`. */
  #releaseOverdue(group: WaitingGroup, nowMs: number): void {
    const { question, waiters } = group;
    const isOver = ({ deadlineMs }: Waiter): boolean => deadlineMs <= nowMs;
    const overdue = new Set([...waiters].filter(isOver));
    for (const waiter of overdue) waiters.delete(waiter);
    group.firstDeadlineMs = Math.min(...[...waiters].map(({ deadlineMs }) => deadlineMs));
    this.#release(question, overdue);
  }

  #answerSoon(): void {
    if (this.#isAnswering || this.#isStopped) return;
    this.#isAnswering = true;
    setImmediate(() => {
      this.#isAnswering = false;
      this.#answerSome();
      if (this.#due.length > 0) this.#answerSoon();
    });
  }

  /** Each is judged again: what was so a few turns ago may be so no longer. */
  #answerSome(): void {
    for (const { question, waiter } of this.#due.splice(0, ANSWERS_PER_TURN)) {
      this.#gone(waiter);
      waiter.resolve({ ...question.answer(waiter.client) });
    }
  }

  #dropIfEmpty(key: string): void {
    if (this.#groups.get(key)?.waiters.size === 0) this.#groups.delete(key);
  }
}

export interface WaitingClient {
  readonly client: ClientKey;
  readonly waitMs: number;
  readonly onAbort: (listener: () => void) => void;
}
