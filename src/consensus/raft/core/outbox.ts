/**
 * Messages on their way out: those that speak of what is not durable yet wait here for the disk.
 */
import type { Rules } from './rules.js';
import type { Message } from './types.js';

interface HeldMessage {
  readonly message: Message;
  /** The batch that has to be durable first. */
  readonly batch: number;
}

const nothing: readonly Message[] = [];

export class DurableOutbox {
  #free: Message[] = [];
  #waiting: HeldMessage[] = [];
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
    else this.#wait({ message, batch });
  }

  /**
   * Any message may be lost, so a newer one may take its place: while a disk hangs, what waits for
   * it does not pile up.
   */
  #wait(newer: HeldMessage): void {
    const place = this.#waiting.findIndex((waiting) => isOfOneKind(waiting, newer));
    if (place < 0) this.#waiting.push(newer);
    else if (!saysLess(newer.message, this.#waiting[place]!.message)) this.#waiting[place] = newer;
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

function isOfOneKind(left: HeldMessage, right: HeldMessage): boolean {
  return (
    left.batch === right.batch &&
    left.message.kind === right.message.kind &&
    left.message.to === right.message.to
  );
}

/** An acknowledgement of less than the other acknowledges already. */
function saysLess(newer: Message, older: Message): boolean {
  const areAnswers = newer.kind === 'appendResponse' && older.kind === 'appendResponse';
  return areAnswers && newer.index < older.index;
}
