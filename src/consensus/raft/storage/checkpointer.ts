/**
 * Moves the write-ahead log into the database. SQLite does so by itself after many pages; term and
 * vote are rare and should not stay long in the file that is more easily lost.
 */
import type { Done } from '../driver-types.js';
import type { PreparedStatement } from './connection.js';
import type { WriteSequence } from './write-sequence.js';

/** After a write of term or vote, until the write-ahead log is checkpointed. */
const CHECKPOINT_DELAY_MS = 250;

export class Checkpointer {
  readonly #statement: PreparedStatement;
  readonly #sequence: WriteSequence;
  #timer: NodeJS.Timeout | undefined;

  constructor(statement: PreparedStatement, sequence: WriteSequence) {
    this.#statement = statement;
    this.#sequence = sequence;
  }

  /** Once writes have paused: two more syncs before a response would slow down elections. */
  soon(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => this.#sequence.run([(next) => this.run(next)], () => {}),
      CHECKPOINT_DELAY_MS,
    );
  }

  run(next: Done): void {
    this.#statement.get([], (error, row) => {
      const isWhole = row?.busy === 0 && row.log === row.checkpointed;
      if (error !== null || isWhole) next(error);
      else next(new Error('its write-ahead log cannot be checkpointed'));
    });
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
