/**
 * What is on its way from main to its HTTP workers: changes of the state, and the answers that rest
 * on them, in this order.
 */

import type { MainResponse, ToHttp } from '../../contracts/http.js';
import type { Command } from '../../throttle/commands.js';
import type { StateImage } from '../../throttle/state.js';
import { Acknowledgements } from './acknowledgements.js';

/**
 * Beyond, the answers of one turn of main's loop go in several: long ones take their time to be
 * copied.
 */
const ANSWERS_LENGTH_MAX = 256 * 1024;

type NumberedAnswer = readonly [id: number, MainResponse];

/** A worker, as far as it is written to. */
export interface Recipient {
  post(message: ToHttp): void;
}

/** The changes of one turn of main's loop, told to the workers in one message. */
interface MessageBatch {
  readonly commands: Command[];
  readonly told: Promise<void>;
  readonly resolve: (told: Promise<void>) => void;
}

export class WorkerOutbox<W extends Recipient> {
  /** Those that have a copy of the state, to be told of its changes. */
  readonly #serving: () => readonly W[];
  readonly #acknowledgements = new Acknowledgements<W>();
  readonly #answers = new Map<W, NumberedAnswer[]>();
  #batch: MessageBatch | undefined;
  #isFlushDue = false;

  constructor(serving: () => readonly W[]) {
    this.#serving = serving;
  }

  /**
   * Resolves when every live worker knows the commands, before any answer that is given from then
   * on. The commands of one turn of the event loop share a message and its acknowledgement.
   */
  apply(commands: readonly Command[]): Promise<void> {
    this.#batch ??= newBatch();
    this.#batch.commands.push(...commands);
    this.#flushSoon();
    return this.#needAcknowledge ? this.#batch.told : Promise.resolve();
  }

  /** Resolves when every live worker has said that it has applied all commands. */
  settled(): Promise<void> {
    this.flush();
    return this.tell((version) => ({ kind: 'apply', version, commands: [] }));
  }

  /** Resolves when every live worker has replaced its whole copy of the state. */
  restore(image: StateImage): Promise<void> {
    this.flush();
    return this.tell((version) => ({ kind: 'restore', version, image }));
  }

  /** Resolves when every live worker has acknowledged the message. */
  tell(message: (version: number) => ToHttp): Promise<void> {
    const serving = this.#serving();
    return this.#acknowledgements.expect(serving, (version) => {
      for (const worker of serving) worker.post(message(version));
    });
  }

  /** To that worker's question of that number. */
  answer(worker: W, id: number, answer: MainResponse): void {
    const answers = this.#answers.get(worker);
    if (answers === undefined) this.#answers.set(worker, [[id, answer]]);
    else answers.push([id, answer]);
    this.#flushSoon();
  }

  acknowledged(worker: W, version: number): void {
    this.#acknowledgements.acknowledged(worker, version);
  }

  gone(worker: W): void {
    this.#answers.delete(worker);
    this.#acknowledgements.gone(worker);
  }

  /** Sends the commands that wait. */
  flush(): void {
    const batch = this.#batch;
    if (batch === undefined) return;
    this.#batch = undefined;
    const { commands } = batch;
    if (this.#needAcknowledge) {
      batch.resolve(this.tell((version) => ({ kind: 'apply', version, commands })));
      return;
    }
    for (const worker of this.#serving()) worker.post({ kind: 'apply', version: null, commands });
    batch.resolve(Promise.resolve());
  }

  #flushSoon(): void {
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    setImmediate(() => {
      this.#isFlushDue = false;
      // In this order: an answer may promise that the worker's copy of the state has all that came
      // before.
      this.flush();
      for (const [worker, answers] of this.#answers) {
        worker.post({ kind: 'answers', answers: answers.splice(0, fitting(answers)) });
        if (answers.length === 0) this.#answers.delete(worker);
      }
      if (this.#answers.size > 0) this.#flushSoon();
    });
  }

  /**
   * Whether one worker may be asked before another has heard. A lone one gets a change before the
   * answers that rest on it, since its messages keep their order: that spares a control request two
   * of its four hops between threads.
   */
  get #needAcknowledge(): boolean {
    return this.#serving().length > 1;
  }
}

/** How many of the first answers go into one message: one at least. */
function fitting(answers: readonly NumberedAnswer[]): number {
  let length = 0;
  const beyond = answers.findIndex(([, { json, other }]) => {
    length += json.length + (other?.kind === 'text' ? other.text.length : 0);
    return length > ANSWERS_LENGTH_MAX;
  });
  return beyond === -1 ? answers.length : Math.max(1, beyond);
}

function newBatch(): MessageBatch {
  let resolve: (told: Promise<void>) => void = () => {};
  const told = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { commands: [], told, resolve };
}
