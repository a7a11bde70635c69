/** Rounds in which every worker is asked for what it has counted. */
import type { HttpStatistics } from '../../contracts/http.js';

/** A worker that has not answered by then is left out. */
const COLLECT_TIMEOUT_MS = 1_000;

interface CollectionRound<W> {
  /** The chunks of those that have not sent their last one. */
  readonly missing: Map<W, HttpStatistics[]>;
  readonly complete: HttpStatistics[];
  readonly finish: () => void;
}

export class Collections<W> {
  readonly #timeoutMs: number;
  readonly #rounds = new Map<number, CollectionRound<W>>();
  #nextId = 0;

  constructor(timeoutMs = COLLECT_TIMEOUT_MS) {
    this.#timeoutMs = timeoutMs;
  }

  start(workers: readonly W[], ask: (worker: W, id: number) => void): Promise<HttpStatistics[]> {
    if (workers.length === 0) return Promise.resolve([]);
    const id = this.#nextId++;
    return new Promise((resolve) => {
      const complete: HttpStatistics[] = [];
      const finish = (): void => {
        clearTimeout(timer);
        this.#rounds.delete(id);
        resolve(complete);
      };
      const timer = setTimeout(finish, this.#timeoutMs);
      const missing = new Map(workers.map((worker) => [worker, []]));
      this.#rounds.set(id, { missing, complete, finish });
      for (const worker of workers) ask(worker, id);
    });
  }

  /** A chunk of an answer; those to a round that is over are dropped. */
  received(worker: W, id: number, chunk: HttpStatistics, last: boolean): void {
    const round = this.#rounds.get(id);
    const chunks = round?.missing.get(worker);
    if (round === undefined || chunks === undefined) return;
    chunks.push(chunk);
    if (!last) return;
    round.missing.delete(worker);
    round.complete.push({
      ...chunk,
      checks: chunks.flatMap(({ checks }) => checks),
      recentApps: chunks.flatMap(({ recentApps }) => recentApps),
    });
    if (round.missing.size === 0) round.finish();
  }

  gone(worker: W): void {
    for (const round of [...this.#rounds.values()]) {
      if (round.missing.delete(worker) && round.missing.size === 0) round.finish();
    }
  }
}
