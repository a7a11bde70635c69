/**
 * The metrics of one probe, and whose turn it is: each has one turn in a round, the one that waited
 * longest first.
 */
import type { ProbeQuery } from './probe-query.js';

export class QueryRound {
  #queries: readonly ProbeQuery[] = [];
  /** Index of the query whose turn comes next, and how many have their turn in this round. */
  #turn = 0;
  #turnsLeft = 0;

  get size(): number {
    return this.#queries.length;
  }

  /** Until when no query is due; 0: one may be. */
  get cachedUntilMs(): number {
    let untilMs = this.#queries.length === 0 ? 0 : Number.POSITIVE_INFINITY;
    for (const query of this.#queries) untilMs = Math.min(untilMs, query.cachedUntilMs);
    return untilMs;
  }

  /** `serverVersion`: of the connection that there is now; null: none. */
  replace(queries: readonly ProbeQuery[], serverVersion: string | null): void {
    if (serverVersion !== null) {
      for (const query of queries) {
        if (!this.#queries.includes(query)) query.connected(serverVersion);
      }
    }
    this.#queries = queries;
    this.#turn = 0;
    this.#turnsLeft = Math.min(this.#turnsLeft, queries.length);
  }

  connected(serverVersion: string): void {
    for (const query of this.#queries) query.connected(serverVersion);
  }

  /** All are due at once. */
  restart(): void {
    for (const query of this.#queries) query.restart();
  }

  /** Begins a round. */
  start(): void {
    this.#turnsLeft = this.#queries.length;
  }

  /** The next query of the round that is due; null: none is. */
  next(nowMs: number): ProbeQuery | null {
    while (this.#turnsLeft > 0) {
      this.#turnsLeft--;
      const query = this.#queries[this.#turn]!;
      this.#turn = this.#turn + 1 < this.#queries.length ? this.#turn + 1 : 0;
      if (!query.isCached(nowMs) && !query.isPaused(nowMs)) return query;
    }
    return null;
  }
}
