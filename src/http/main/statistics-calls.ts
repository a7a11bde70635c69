/** Requests to one HTTP worker for what it has counted, which is pulled in chunks. */
import { PendingCalls } from '../../base/pending-calls.js';
import type { HttpStatistics } from '../../contracts/http.js';

/** A worker that has not sent the next chunk by then is left out. */
const CHUNK_TIMEOUT_MS = 1_000;

/** Most requests in flight. Reports share their collections, so there are a few at most. */
const CALLS_MAX = 64;

interface Collected {
  readonly chunk: HttpStatistics;
  readonly last: boolean;
}

export class StatisticsCalls {
  readonly #timeoutMs: number;
  readonly #calls = new PendingCalls<Collected>(CALLS_MAX);
  #lastCollection = 0;

  constructor(timeoutMs = CHUNK_TIMEOUT_MS) {
    this.#timeoutMs = timeoutMs;
  }

  /**
   * `send` asks for the next chunk of a collection. Null when the worker does not respond in time,
   * or is gone.
   */
  async collect(send: (id: number, collection: number) => void): Promise<HttpStatistics | null> {
    const collection = ++this.#lastCollection;
    const checks: HttpStatistics['checks'][number][] = [];
    const recentApps: HttpStatistics['recentApps'][number][] = [];
    const asking: HttpStatistics['asking'][number][] = [];
    for (;;) {
      const collected = await this.#calls.call(this.#timeoutMs, (id) => send(id, collection));
      if (collected === null) return null;
      const { chunk, last } = collected;
      checks.push(...chunk.checks);
      recentApps.push(...chunk.recentApps);
      asking.push(...chunk.asking);
      if (last) return { ...chunk, checks, recentApps, asking };
    }
  }

  /** A chunk of a response; one that comes too late is dropped. */
  received(id: number, chunk: HttpStatistics, last: boolean): void {
    this.#calls.settle(id, { chunk, last });
  }

  /** The worker has ended. */
  gone(): void {
    this.#calls.abandonAll();
  }
}
