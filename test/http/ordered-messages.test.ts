/** Messages to the HTTP workers behind a large state, which goes to them in parts. */
import { expect } from 'chai';
import type { SharedTurns } from '../../src/base/shared-turns.js';
import type { ToHttp } from '../../src/contracts/http.js';
import { OrderedMessages, partTurns } from '../../src/http/main/ordered-messages.js';
import { WorkerOutbox } from '../../src/http/main/outbox.js';
import { PART_ROWS } from '../../src/throttle/image-parts.js';
import { EMPTY_IMAGE } from '../../src/throttle/state.js';
import { eventLoopTurns } from '../support/event-loop.js';
import { throttle } from '../support/http-pool.js';

/** A worker that takes each part when the test says so. */
class SlowWorker {
  readonly sent: string[] = [];
  readonly #messages: OrderedMessages;

  constructor(turns: SharedTurns) {
    this.#messages = new OrderedMessages(({ kind }) => this.sent.push(kind), turns);
  }

  post(message: ToHttp): void {
    this.#messages.post(message);
  }

  /** Those sent since the last call. */
  taken(): string[] {
    return this.sent.splice(0);
  }

  async addPart(): Promise<string[]> {
    this.#messages.partAdded();
    await eventLoopTurns();
    return this.taken();
  }
}

const LARGE = {
  ...EMPTY_IMAGE,
  throttledApps: Array.from(
    { length: 3 * PART_ROWS },
    (_, app) => [`app${app}`, { expireAtMs: 0, ratio: 1 }] as const,
  ),
};

describe('messages to an HTTP worker', () => {
  it('are sent at once while no large state is in flight', () => {
    const worker = new SlowWorker(partTurns());
    const outbox = new WorkerOutbox(() => [worker]);
    void outbox.restore({ ...EMPTY_IMAGE, throttledApps: LARGE.throttledApps.slice(0, 10) });
    worker.post({ kind: 'stop' });
    expect(worker.taken()).to.deep.equal(['restore', 'stop']);
  });

  it('wait behind the parts of a state, of which each waits for the one before', async () => {
    const worker = new SlowWorker(partTurns());
    const outbox = new WorkerOutbox(() => [worker]);
    void outbox.restore(LARGE);
    void outbox.apply([throttle('a')]);
    outbox.respond(worker, 1, { status: 200, json: '' });
    expect(worker.taken()).to.deep.equal([]);
    await eventLoopTurns();
    expect(worker.taken()).to.deep.equal(['rows']);
    expect(await worker.addPart()).to.deep.equal(['rows']);
    void outbox.restore(LARGE);
    expect(await worker.addPart()).to.deep.equal(['rows']);
    expect(await worker.addPart()).to.deep.equal(['restore', 'apply', 'responses', 'rows']);
    expect(await worker.addPart()).to.deep.equal(['rows']);
    expect(await worker.addPart()).to.deep.equal(['rows']);
    expect(await worker.addPart()).to.deep.equal(['restore']);
    worker.post({ kind: 'stop' });
    expect(worker.taken()).to.deep.equal(['stop']);
  });

  it('are parts of a few workers in one turn, however many there are', async () => {
    const turns = partTurns();
    const workers = Array.from({ length: 20 }, () => new SlowWorker(turns));
    const outbox = new WorkerOutbox(() => workers);
    void outbox.restore(LARGE);
    const sent = (): number => workers.flatMap((worker) => worker.sent).length;
    for (let before = 0; before < 20; before = sent()) {
      await new Promise(setImmediate);
      expect(sent() - before).to.be.within(1, 8);
    }
    expect(sent()).to.equal(20);
  });
});
