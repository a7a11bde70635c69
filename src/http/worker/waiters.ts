/**
 * Clients that wait for a check to become 200 (`?wait=`). They cost next to nothing while they
 * wait: clients with the same question share one look at it, questions that the same metrics hold
 * back share one look at these, one timer looks at all, and answers go out in slices, so that ten
 * thousand that become due at once do not delay the others.
 */
import type { ClientKey } from './recent-apps.js';
import type { HandlerResponse } from './response.js';

/** How often metrics are looked at while anybody waits: as often as hosts are read. */
const LOOK_INTERVAL_MS = 50;

/**
 * A look at the metrics alone sees no throttle, exemption or priority. So each question is judged
 * whole in its turn, all of them within 0.8 s: one that waits holds low priority off for 1 s.
 */
const LANES = 16;

/** After the entries have changed it is all of them within 0.2 s. */
const LANES_IN_A_HURRY = 4;

/** Answers in one turn of the event loop. */
const ANSWERS_PER_TURN = 100;

/** Waiters of one client address in one thread. */
export const WAITERS_PER_CLIENT_MAX = 100;

/** A question for which clients wait. */
export interface AwaitedQuestion {
  /** Equal for questions that the same metrics hold back. */
  readonly metricsKey: string;
  /** Whether the metrics alone say that it must wait. */
  isHeldBack(): boolean;
  /** Judges it whole: whether its answer need not be waited for any longer. */
  isReady(): boolean;
  /** Counts the check, with the result of now. */
  answer(client: ClientKey): HandlerResponse | Promise<HandlerResponse>;
  /** What it means may have changed with the configuration. */
  recompile(): void;
}

interface Waiter {
  readonly client: ClientKey;
  readonly resolve: (response: HandlerResponse | Promise<HandlerResponse>) => void;
  readonly timer: NodeJS.Timeout;
}

/** Those with the same question. */
interface WaitingGroup {
  readonly key: string;
  readonly question: AwaitedQuestion;
  readonly waiters: Set<Waiter>;
  readonly lane: number;
  queue: WaitQueue;
}

/** Groups whose questions the same metrics hold back. */
interface WaitQueue {
  readonly metricsKey: string;
  readonly lanes: ReadonlyArray<Set<WaitingGroup>>;
}

interface DueAnswer {
  readonly question: AwaitedQuestion;
  readonly waiter: Waiter;
}

export class Waiters {
  readonly #waitersMax: number;
  /** By the text of the question. */
  readonly #groups = new Map<string, WaitingGroup>();
  readonly #queues = new Map<string, WaitQueue>();
  readonly #perClient = new Map<ClientKey, number>();
  readonly #due: DueAnswer[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** Whose turn it is to be judged whole. */
  #lane = 0;
  #hurriedLooks = 0;
  /** Spreads the groups over the lanes. */
  #groupsMade = 0;
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
    const group = this.#groups.get(key) ?? this.#newGroup(key, question);
    this.#timer ??= setInterval(() => this.#look(), LOOK_INTERVAL_MS);
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        group.waiters.delete(waiter);
        this.#dropIfEmpty(group);
        this.#due.push({ question: group.question, waiter });
        this.#answerSoon();
      }, waitMs);
      const waiter: Waiter = { client, resolve, timer };
      group.waiters.add(waiter);
      onAbort(() => {
        if (!group.waiters.delete(waiter)) return;
        clearTimeout(timer);
        this.#gone(waiter);
        this.#dropIfEmpty(group);
      });
    });
  }

  /** A throttle, an exemption or another entry was made or lifted. */
  entriesChanged(): void {
    this.#hurriedLooks = LANES / LANES_IN_A_HURRY;
  }

  /** Stores or rules of apps have changed: questions may mean something else. */
  configurationChanged(): void {
    for (const group of this.#groups.values()) {
      this.#leaveQueue(group);
      group.question.recompile();
      group.queue = this.#queueOf(group.question);
      group.queue.lanes[group.lane]!.add(group);
    }
  }

  /** Answers all at once, and refuses all later waiters. */
  stop(): void {
    this.#isStopped = true;
    clearInterval(this.#timer);
    for (const group of [...this.#groups.values()]) this.#release(group);
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
    const lanes = this.#hurriedLooks > 0 ? LANES_IN_A_HURRY : 1;
    for (const queue of this.#queues.values()) {
      if (this.#isHeldBack(queue)) this.#judge(queue, this.#lane, lanes);
      else this.#judge(queue, 0, LANES);
    }
    this.#lane = (this.#lane + lanes) % LANES;
    this.#hurriedLooks = Math.max(0, this.#hurriedLooks - 1);
    if (this.#groups.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
  }

  #isHeldBack({ lanes }: WaitQueue): boolean {
    for (const lane of lanes) {
      for (const { question } of lane) return question.isHeldBack();
    }
    return false;
  }

  #judge({ lanes }: WaitQueue, first: number, count: number): void {
    for (let at = first; at < first + count; at++) {
      for (const group of lanes[at % LANES]!) {
        if (group.question.isReady()) this.#release(group);
      }
    }
  }

  #release(group: WaitingGroup): void {
    const { question, waiters } = group;
    for (const waiter of waiters) {
      clearTimeout(waiter.timer);
      this.#due.push({ question, waiter });
    }
    waiters.clear();
    this.#dropIfEmpty(group);
    this.#answerSoon();
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
      const response = question.answer(waiter.client);
      // The next check overwrites one that is there already.
      waiter.resolve(response instanceof Promise ? response : { ...response });
    }
  }

  #newGroup(key: string, question: AwaitedQuestion): WaitingGroup {
    const lane = this.#groupsMade++ % LANES;
    const queue = this.#queueOf(question);
    const group: WaitingGroup = { key, question, waiters: new Set(), lane, queue };
    queue.lanes[lane]!.add(group);
    this.#groups.set(key, group);
    return group;
  }

  #queueOf({ metricsKey }: AwaitedQuestion): WaitQueue {
    const known = this.#queues.get(metricsKey);
    if (known !== undefined) return known;
    const queue = {
      metricsKey,
      lanes: Array.from({ length: LANES }, () => new Set<WaitingGroup>()),
    };
    this.#queues.set(metricsKey, queue);
    return queue;
  }

  #leaveQueue(group: WaitingGroup): void {
    const { metricsKey, lanes } = group.queue;
    lanes[group.lane]!.delete(group);
    if (lanes.every(({ size }) => size === 0)) this.#queues.delete(metricsKey);
  }

  #dropIfEmpty(group: WaitingGroup): void {
    if (group.waiters.size > 0 || this.#groups.get(group.key) !== group) return;
    this.#groups.delete(group.key);
    this.#leaveQueue(group);
  }
}

export interface WaitingClient {
  readonly client: ClientKey;
  readonly waitMs: number;
  readonly onAbort: (listener: () => void) => void;
}
