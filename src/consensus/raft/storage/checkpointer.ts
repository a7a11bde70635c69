/**
 * Moves the write-ahead log into the database. SQLite does so by itself after many pages; term and
 * vote are rare and should not stay long in the file that is more easily lost.
 */
import type { Done } from '../driver-types.js';
import type { PreparedStatement } from './connection.js';
import type { WriteSequence } from './write-sequence.js';

/** After a write of term or vote, until the write-ahead log is checkpointed. */
const CHECKPOINT_DELAY_MS = 250;

/**
 * On a disk whose syncs take longer than this, a checkpoint and the vote after it, which syncs the
 * header of a restarted write-ahead log too, would prevent elections: it waits until they are over.
 */
const SLOW_WRITE_MS = 50;
const SLOW_CHECKPOINT_DELAY_MS = 10_000;

export class Checkpointer {
  readonly #statement: PreparedStatement;
  readonly #sequence: WriteSequence;
  #timer: NodeJS.Timeout | undefined;

  constructor(statement: PreparedStatement, sequence: WriteSequence) {
    this.#statement = statement;
    this.#sequence = sequence;
  }

  /**
   * Once writes have paused; `writeMs` is what the last one took. The first write after a
   * checkpoint restarts the write-ahead log, and syncs its header too: `restart` is that write, so
   * that the next vote need not be.
   */
  soon(writeMs: number, restart: (next: Done) => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => this.#sequence.run([(next) => this.run(next), restart], () => {}),
      writeMs > SLOW_WRITE_MS ? SLOW_CHECKPOINT_DELAY_MS : CHECKPOINT_DELAY_MS,
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
