/**
 * Messages that wait for the disk before they may be sent (dissertation 3.8).
 *
 * A vote that a node forgets in a crash may be cast twice in a term, and an acknowledged entry that
 * it forgets was committed by one copy too few. So a message is sent only once everything that it
 * states is synced: the term and the vote, and for an acknowledgement the entries. Heartbeats and
 * appends of a leader state only the term and are sent while its own disk still writes.
 */
import { invariant } from './errors.js';
import type { Rules } from './rules.js';
import type { Message } from './types.js';

interface HeldMessage {
  readonly message: Message;
  /** The batch that must be durable first. */
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
    if (this.#rules.maySend(batch, durableBatch)) this.#free.push(message);
    else this.#wait({ message, batch });
  }

  /**
   * Any message may be lost, so a newer one replaces an older one of its kind: while a disk stalls,
   * the messages that wait for it do not pile up.
   */
  #wait(newer: HeldMessage): void {
    const place = this.#waiting.findIndex((waiting) => isOfOneKind(waiting, newer));
    if (place < 0) this.#waiting.push(newer);
    else if (!confirmsLess(newer.message, this.#waiting[place]!.message))
      this.#waiting[place] = newer;
  }

  /** The disk has completed more batches. */
  release(durableBatch: number): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { message, batch } of waiting) this.post(message, batch, durableBatch);
  }

  /** Messages of an earlier term have no receiver any more. */
  dropWaiting(): void {
    this.#waiting = [];
  }

  /** Throws `RaftInvariantError`. `lastBatch`: the last one that is or will be written. */
  assertInvariants(durableBatch: number, lastBatch: number): void {
    for (const { batch } of this.#waiting) {
      invariant(batch > durableBatch, 'no message waits for what is durable', batch, durableBatch);
      invariant(batch <= lastBatch, 'a message waits for a write that comes', batch, lastBatch);
    }
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

/** Whether the newer acknowledgement confirms less than the older one. */
function confirmsLess(newer: Message, older: Message): boolean {
  const areAnswers = newer.kind === 'appendResponse' && older.kind === 'appendResponse';
  return areAnswers && newer.index < older.index;
}
