/** How all HTTP workers have answered, those that have ended included. */
import { ANSWER_STATUSES, AnswerCounts } from '../../board/answer-counts.js';
import type { AnswerCountsSource } from '../../contracts/http.js';

export class AnswerTotals implements AnswerCountsSource {
  /** By number of the worker. */
  readonly #ofWorkers = new Map<number, AnswerCounts>();
  /** Of the workers that have ended: sums do not shrink when one does. */
  readonly #ended = AnswerCounts.create();

  /** The memory of a worker that is about to start. */
  open(worker: number): SharedArrayBuffer {
    const counts = AnswerCounts.create();
    this.#ofWorkers.set(worker, counts);
    return counts.memory;
  }

  ended(worker: number): void {
    const counts = this.#ofWorkers.get(worker);
    if (counts !== undefined) this.#ended.absorb(counts);
    this.#ofWorkers.delete(worker);
  }

  answersOf(slot: number): readonly number[] {
    const sums = ANSWER_STATUSES.map(() => 0);
    for (const counts of [this.#ended, ...this.#ofWorkers.values()]) counts.addTo(sums, slot);
    return sums;
  }
}
