/** Requests to one HTTP worker for what it has counted; its response comes in chunks. */
import { PendingCalls } from '../../base/pending-calls.js';
import type { HttpStatistics } from '../../contracts/http.js';

/** A worker that has not responded by then is left out. */
const COLLECT_TIMEOUT_MS = 1_000;

/** Most requests in flight. Reports share their collections, so there are a few at most. */
const CALLS_MAX = 64;

export class StatisticsCalls {
  readonly #timeoutMs: number;
  readonly #calls = new PendingCalls<HttpStatistics>(CALLS_MAX);
  /** What has arrived so far, by the number of the request. */
  readonly #chunks = new Map<number, HttpStatistics[]>();

  constructor(timeoutMs = COLLECT_TIMEOUT_MS) {
    this.#timeoutMs = timeoutMs;
  }

  /** Null when the worker does not respond in time, or is gone. */
  async collect(send: (id: number) => void): Promise<HttpStatistics | null> {
    let sentId = -1;
    const statistics = await this.#calls.call(this.#timeoutMs, (id) => {
      sentId = id;
      this.#chunks.set(id, []);
      send(id);
    });
    this.#chunks.delete(sentId);
    return statistics;
  }

  /** A chunk of a response; chunks of a call that has settled are dropped. */
  received(id: number, chunk: HttpStatistics, last: boolean): void {
    const chunks = this.#chunks.get(id);
    if (chunks === undefined) return;
    chunks.push(chunk);
    if (!last) return;
    this.#calls.settle(id, {
      ...chunk,
      checks: chunks.flatMap(({ checks }) => checks),
      recentApps: chunks.flatMap(({ recentApps }) => recentApps),
      asking: chunks.flatMap(({ asking }) => asking),
    });
  }

  /** The worker has ended. */
  gone(): void {
    this.#calls.abandonAll();
  }
}
