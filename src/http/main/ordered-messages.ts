/**
 * Messages to one HTTP worker, in their order. The parts of a large state go one by one, each when
 * the worker has the one before, and so many in a turn of main's loop for all workers; what comes
 * meanwhile waits behind them.
 */
import { SharedTurns } from '../../base/shared-turns.js';
import type { ToHttp } from '../../contracts/http.js';

/** Of all workers: a millisecond or two. */
const PARTS_PER_TURN = 4;

export function partTurns(): SharedTurns {
  return new SharedTurns(PARTS_PER_TURN);
}

export class OrderedMessages {
  readonly #send: (message: ToHttp) => void;
  readonly #turns: SharedTurns;
  /** The first one is a part. */
  readonly #waiting: ToHttp[] = [];

  constructor(send: (message: ToHttp) => void, turns: SharedTurns) {
    this.#send = send;
    this.#turns = turns;
  }

  post(message: ToHttp): void {
    if (this.#waiting.length === 0 && message.kind !== 'rows') {
      this.#send(message);
      return;
    }
    this.#waiting.push(message);
    if (this.#waiting.length === 1) this.#sendPartSoon();
  }

  /** The worker has the part that was sent last. */
  partAdded(): void {
    this.#waiting.shift();
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (next.kind === 'rows') {
        this.#sendPartSoon();
        return;
      }
      this.#send(next);
      this.#waiting.shift();
    }
  }

  #sendPartSoon(): void {
    this.#turns.later(() => this.#send(this.#waiting[0]!));
  }
}
