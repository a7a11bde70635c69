/**
 * The messages from main to its HTTP workers: changes of the state, and the responses that rest on
 * them, in this order.
 *
 * A control request may get its response only when no worker of this node uses the old state any
 * more: a client that has throttled an app must not get a 200 for that app from another connection.
 * With several workers, each of them must acknowledge the change before the response is sent. A
 * lone worker needs no acknowledgement: it gets the change before the response, because messages
 * keep their order. That saves a control request two of its four hops between threads.
 */

import { Acknowledgements } from '../../base/acknowledgements.js';
import type { MainResponse, NumberedResponse, ToHttp } from '../../contracts/http.js';
import type { Command } from '../../throttle/commands.js';
import { partsOf } from '../../throttle/image-parts.js';
import type { StateImage } from '../../throttle/state.js';

/**
 * Characters of the responses in one message; the others follow in the next turns of main's loop,
 * because main copies long texts slowly.
 */
const RESPONSES_LENGTH_MAX = 256 * 1024;

/** A worker, as far as messages are sent to it. */
export interface Recipient {
  post(message: ToHttp): void;
}

/** The changes of one turn of main's loop, which go to the workers in one message. */
interface MessageBatch {
  readonly commands: Command[];
  /** Somebody waits for the acknowledgement, though a lone worker need not give one. */
  isAcknowledged: boolean;
  readonly acknowledged: Promise<void>;
  readonly resolve: (acknowledged: Promise<void>) => void;
}

export class WorkerOutbox<W extends Recipient> {
  /** The workers that have a copy of the state, and so need its changes. */
  readonly #serving: () => readonly W[];
  readonly #acknowledgements = new Acknowledgements<W>();
  readonly #responses = new Map<W, NumberedResponse[]>();
  #batch: MessageBatch | undefined;
  /** The latest commands were sent without a demand for an acknowledgement. */
  #isUnacknowledged = false;
  #isFlushDue = false;

  constructor(serving: () => readonly W[]) {
    this.#serving = serving;
  }

  /**
   * Resolves when every live worker has the commands, before any response that is sent from then
   * on. The commands of one turn of the event loop share a message and its acknowledgement.
   */
  apply(commands: readonly Command[]): Promise<void> {
    this.#batch ??= newBatch();
    this.#batch.commands.push(...commands);
    this.#flushSoon();
    return this.#needsAcknowledgement ? this.#batch.acknowledged : Promise.resolve();
  }

  /** Resolves when every live worker has acknowledged all commands so far. */
  settled(): Promise<void> {
    const batch = this.#batch;
    if (batch !== undefined) {
      batch.isAcknowledged = true;
      return batch.acknowledged;
    }
    return this.#isUnacknowledged ? this.#send([], true) : this.#acknowledgements.settled();
  }

  /** Resolves when every live worker has replaced its whole copy of the state. */
  restore(image: StateImage): Promise<void> {
    this.flush();
    const { rows, last } = partsOf(image);
    for (const worker of this.#serving()) {
      for (const part of rows) worker.post({ kind: 'rows', part });
    }
    return this.broadcast((version) => ({ kind: 'restore', version, image: last }));
  }

  /** Resolves when every live worker has acknowledged the message. */
  broadcast(message: (version: number) => ToHttp): Promise<void> {
    const serving = this.#serving();
    return this.#acknowledgements.expect(serving, (version) => {
      for (const worker of serving) worker.post(message(version));
    });
  }

  /** The response to that worker's request of that number. */
  respond(worker: W, id: number, response: MainResponse): void {
    const responses = this.#responses.get(worker);
    if (responses === undefined) this.#responses.set(worker, [[id, response]]);
    else responses.push([id, response]);
    this.#flushSoon();
  }

  acknowledged(worker: W, version: number): void {
    this.#acknowledgements.acknowledged(worker, version);
  }

  gone(worker: W): void {
    this.#responses.delete(worker);
    this.#acknowledgements.gone(worker);
  }

  /** Sends the commands of this turn now. */
  flush(): void {
    const batch = this.#batch;
    if (batch === undefined) return;
    this.#batch = undefined;
    const isAcknowledged = batch.isAcknowledged || this.#needsAcknowledgement;
    batch.resolve(this.#send(batch.commands, isAcknowledged));
  }

  #send(commands: readonly Command[], isAcknowledged: boolean): Promise<void> {
    this.#isUnacknowledged = !isAcknowledged;
    if (isAcknowledged) return this.broadcast((version) => ({ kind: 'apply', version, commands }));
    for (const worker of this.#serving()) worker.post({ kind: 'apply', version: null, commands });
    return Promise.resolve();
  }

  #flushSoon(): void {
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    setImmediate(() => {
      this.#isFlushDue = false;
      // In this order: a response may imply that the worker's copy of the state has all changes
      // before it.
      this.flush();
      for (const [worker, queued] of this.#responses) {
        const responses = queued.splice(0, countPerMessage(queued));
        worker.post({ kind: 'responses', responses });
        if (queued.length === 0) this.#responses.delete(worker);
      }
      if (this.#responses.size > 0) this.#flushSoon();
    });
  }

  /** Whether a client may reach one worker before another has the change. */
  get #needsAcknowledgement(): boolean {
    return this.#serving().length > 1;
  }
}

/** How many of the first responses go in one message: at least one. */
function countPerMessage(responses: readonly NumberedResponse[]): number {
  let length = 0;
  const beyond = responses.findIndex(([, { json }]) => {
    length += json.length;
    return length > RESPONSES_LENGTH_MAX;
  });
  return beyond === -1 ? responses.length : Math.max(1, beyond);
}

function newBatch(): MessageBatch {
  let resolve: MessageBatch['resolve'] = () => {};
  const acknowledged = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { commands: [], isAcknowledged: false, acknowledged, resolve };
}
