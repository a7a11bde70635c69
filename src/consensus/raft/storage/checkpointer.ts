/**
 * Moves the write-ahead log into the database. SQLite does so by itself after many pages; term and
 * vote are rare and should not stay in the file that is more easily lost.
 *
 * The first write after a checkpoint restarts the write-ahead log and syncs its header too. So a
 * write follows each checkpoint, that the next vote need not be the one that waits for both syncs.
 */
import type { Done } from '../driver-types.js';
import type { PreparedStatement } from './connection.js';
import type { WriteSequence } from './write-sequence.js';

/** A disk whose syncs take longer cannot afford a checkpoint during an election. */
const SLOW_WRITE_MS = 50;

/** On a slow disk, after a write of term or vote, until the checkpoint. */
const SLOW_CHECKPOINT_DELAY_MS = 10_000;

export class Checkpointer {
  readonly #statement: PreparedStatement;
  readonly #sequence: WriteSequence;
  /** Writes what is there already. */
  readonly #restart: (next: Done) => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    statement: PreparedStatement,
    sequence: WriteSequence,
    restart: (next: Done) => void,
  ) {
    this.#statement = statement;
    this.#sequence = sequence;
    this.#restart = restart;
  }

  /** Term or vote were written, which took `writeMs`. */
  afterState(writeMs: number, next: Done): void {
    clearTimeout(this.#timer);
    if (writeMs > SLOW_WRITE_MS) {
      this.#timer = setTimeout(
        () => this.#sequence.run([(done) => this.run(done), this.#restart], () => {}),
        SLOW_CHECKPOINT_DELAY_MS,
      );
      next(null);
      return;
    }
    this.run((error) => {
      next(error);
      if (error === null) this.#sequence.run([this.#restart], () => {});
    });
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
