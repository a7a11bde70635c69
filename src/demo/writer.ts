/**
 * A well-behaved client: it checks with freno before each batch, and waits while the response is
 * not 200.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Balancer } from './balancer.js';

const ROWS_PER_BATCH = 50;
const BATCH_MS = 35;
const RETRY_MS = 100;

/** What a client writes that never waits. */
export const UNHINDERED_ROWS_PER_S = ROWS_PER_BATCH / (BATCH_MS / 1000);

export const CHECK_PATH = '/check/demo/mysql/main';

/** The response to the last check. `status` 0: no response. */
export interface CheckResponse {
  readonly status: number;
  readonly message: string;
}

/**
 * The cluster's value and threshold, from the last response that had them: not every one does.
 */
export interface KnownMetric {
  readonly value: number;
  readonly threshold: number;
}

export class Writer {
  readonly #statuses = new Map<number, number>();
  readonly #recent: number[] = [];
  #last: CheckResponse = { status: 0, message: 'not checked yet' };
  #metric: KnownMetric = { value: 0, threshold: 0 };
  #rows = 0;
  #waitedMs = 0;
  #longestWaitMs = 0;
  #waitingSinceMs: number | undefined;
  #stopped = false;

  constructor(private readonly balancer: Balancer) {}

  get last(): CheckResponse {
    return this.#last;
  }

  get metric(): KnownMetric {
    return this.#metric;
  }

  /** Statuses of the latest responses, oldest first. */
  get recent(): readonly number[] {
    return this.#recent;
  }

  /** Responses so far, by status. */
  get statuses(): ReadonlyMap<number, number> {
    return this.#statuses;
  }

  get rows(): number {
    return this.#rows;
  }

  /** Time spent waiting, including the current wait. */
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
      const response = await this.#check();
      this.#record(response);
      if (response.status === 200) await this.#writeBatch();
      else await this.#wait();
    }
  }

  stop(): void {
    this.#stopped = true;
  }

  async #check(): Promise<CheckResponse> {
    const response = await this.balancer.request(CHECK_PATH);
    if (response === undefined) return { status: 0, message: 'no response' };
    const { status, body } = response;
    const { value, threshold, message } = parseCheck(body);
    if (status === 200 || status === 429) this.#metric = { value, threshold };
    return { status, message };
  }

  #record(response: CheckResponse): void {
    this.#last = response;
    this.#statuses.set(response.status, (this.#statuses.get(response.status) ?? 0) + 1);
    this.#recent.push(response.status);
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
