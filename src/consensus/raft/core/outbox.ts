/** Messages on their way out: those that speak of what is not durable yet wait here for the disk. */
import type { Rules } from './rules.js';
import type { Message } from './types.js';

interface Waiting {
  readonly message: Message;
  /** The batch that has to be durable first. */
  readonly batch: number;
}

const nothing: readonly Message[] = [];

export class Outbox {
  #free: Message[] = [];
  #waiting: Waiting[] = [];
  readonly #rules: Rules;

  constructor(rules: Rules) {
    this.#rules = rules;
  }

  get hasFree(): boolean {
    return this.#free.length > 0;
  }

  /** Sends once `batch` is durable. */
  post(message: Message, batch: number, durableBatch: number): void {
    if (this.#rules.mayGo(batch, durableBatch)) this.#free.push(message);
    else this.#waiting.push({ message, batch });
  }

  /** The disk has got further. */
  release(durableBatch: number): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { message, batch } of waiting) this.post(message, batch, durableBatch);
  }

  /** What waited in an earlier term is of no use to anybody any more. */
  dropWaiting(): void {
    this.#waiting = [];
  }

  takeFree(): readonly Message[] {
    if (this.#free.length === 0) return nothing;
    const free = this.#free;
    this.#free = [];
    return free;
  }
}
