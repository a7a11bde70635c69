/**
 * A well-behaved client: before each batch it asks freno, and while the answer is not 200 it waits.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Balancer } from './balancer.js';

const ROWS_PER_BATCH = 50;
const BATCH_MS = 35;
const RETRY_MS = 100;

export const CHECK_PATH = '/check/demo/mysql/main';

/** What the last check said. `status` 0: nobody answered. */
export interface LastAnswer {
  readonly status: number;
  readonly message: string;
}

/**
 * The cluster's value and threshold, from the last answer that told them: not every answer does.
 */
export interface KnownMetric {
  readonly value: number;
  readonly threshold: number;
}

export class Writer {
  readonly #statuses = new Map<number, number>();
  readonly #recent: number[] = [];
  #last: LastAnswer = { status: 0, message: 'not asked yet' };
  #metric: KnownMetric = { value: 0, threshold: 0 };
  #rows = 0;
  #waitedMs = 0;
  #longestWaitMs = 0;
  #waitingSinceMs: number | undefined;
  #stopped = false;

  constructor(private readonly balancer: Balancer) {}

  get last(): LastAnswer {
    return this.#last;
  }

  get metric(): KnownMetric {
    return this.#metric;
  }

  /** The latest answers, oldest first. */
  get recent(): readonly number[] {
    return this.#recent;
  }

  /** Answers so far, by status. */
  get statuses(): ReadonlyMap<number, number> {
    return this.#statuses;
  }

  get rows(): number {
    return this.#rows;
  }

  /** Time spent waiting, the wait that goes on included. */
  get waitedMs(): number {
    return this.#waitedMs + this.currentWaitMs;
  }

  get longestWaitMs(): number {
    return Math.max(this.#longestWaitMs, this.currentWaitMs);
  }

  /** For how long the client has been waiting now; 0 while it writes. */
  get currentWaitMs(): number {
    return this.#waitingSinceMs === undefined ? 0 : performance.now() - this.#waitingSinceMs;
  }

  /** Writes until `stop`. */
  async run(): Promise<void> {
    while (!this.#stopped) {
      const answer = await this.#ask();
      this.#record(answer);
      if (answer.status === 200) await this.#writeBatch();
      else await this.#wait();
    }
  }

  stop(): void {
    this.#stopped = true;
  }

  async #ask(): Promise<LastAnswer> {
    const response = await this.balancer.request(CHECK_PATH);
    if (response === undefined) return { status: 0, message: 'nobody answers' };
    const { status, body } = response;
    const { value, threshold, message } = parseCheck(body);
    if (status === 200 || status === 429) this.#metric = { value, threshold };
    return { status, message };
  }

  #record(answer: LastAnswer): void {
    this.#last = answer;
    this.#statuses.set(answer.status, (this.#statuses.get(answer.status) ?? 0) + 1);
    this.#recent.push(answer.status);
    if (this.#recent.length > 200) this.#recent.shift();
  }

  async #writeBatch(): Promise<void> {
    if (this.#waitingSinceMs !== undefined) {
      this.#longestWaitMs = this.longestWaitMs;
      this.#waitedMs = this.waitedMs;
      this.#waitingSinceMs = undefined;
    }
    await delay(BATCH_MS);
    this.#rows += ROWS_PER_BATCH;
  }

  async #wait(): Promise<void> {
    this.#waitingSinceMs ??= performance.now();
    await delay(RETRY_MS);
  }
}

function parseCheck(body: string): KnownMetric & { readonly message: string } {
  try {
    const { Value, Threshold, Message } = JSON.parse(body) as Record<string, unknown>;
    return { value: Number(Value), threshold: Number(Threshold), message: String(Message ?? '') };
  } catch {
    return { value: 0, threshold: 0, message: body.slice(0, 80) };
  }
}
