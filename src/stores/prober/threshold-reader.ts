/**
 * The threshold by which checks judge a metric at the moment: what an operator has set is read from
 * the board, so that probes and checks agree on it in the instant in which it changes or ends.
 */
import { type Board, emptyStoreReading } from '../../board/board.js';
import { thresholdInForce } from '../../throttle/metric.js';

export class ThresholdReader {
  readonly #board: Board;
  readonly #slot: number;
  readonly #settings = emptyStoreReading();
  #version: number | undefined;

  constructor(board: Board, slot: number) {
    this.#board = board;
    this.#slot = slot;
  }

  /** `threshold`: the configured one. */
  inForce(threshold: number): number {
    const settings = this.#settings;
    const version = this.#board.settingsVersion(this.#slot);
    if (version !== this.#version) {
      // What is published in between gives another version the next time.
      this.#board.readSettings(this.#slot, settings);
      this.#version = version;
    }
    // Most metrics have none set, and need no clock.
    if (settings.setThresholdUntilMs === 0) return threshold;
    settings.threshold = threshold;
    return thresholdInForce(settings, this.#board.expiryTimeMs());
  }
}
