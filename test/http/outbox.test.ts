/** Messages from main to its HTTP workers: their order, acknowledgements and length. */
import { expect } from 'chai';
import type { ToHttp } from '../../src/contracts/http.js';
import { type Recipient, WorkerOutbox } from '../../src/http/main/outbox.js';
import { throttle } from '../support/http-pool.js';

class Mailbox implements Recipient {
  readonly messages: ToHttp[] = [];

  post(message: ToHttp): void {
    this.messages.push(message);
  }

  /** The messages since the last call: their kinds, with the numbers of the responses. */
  taken(): string[] {
    return this.messages.splice(0).map((message) => {
      if (message.kind !== 'responses') return message.kind;
      return `responses ${message.responses.map(([id]) => id).join(' ')}`;
    });
  }
}

const turn = (): Promise<void> => new Promise(setImmediate);

describe('WorkerOutbox', () => {
  let workers: Mailbox[];
  let outbox: WorkerOutbox<Mailbox>;

  beforeEach(() => {
    workers = [new Mailbox()];
    outbox = new WorkerOutbox(() => workers);
  });

  const response = (length: number) => ({ status: 200, json: 'x'.repeat(length) });

  it('sends once per turn of the event loop, changes before responses', async () => {
    outbox.respond(workers[0]!, 1, response(1));
    void outbox.apply([throttle('a')]);
    outbox.respond(workers[0]!, 2, response(1));
    void outbox.apply([throttle('b')]);
    expect(workers[0]!.taken()).to.deep.equal([]);
    await turn();
    expect(workers[0]!.taken()).to.deep.equal(['apply', 'responses 1 2']);
  });

  it('waits for the acknowledgement of every worker when there are several', async () => {
    workers.push(new Mailbox());
    let isResolved = false;
    const applied = outbox.apply([throttle('a')]).then(() => {
      isResolved = true;
    });
    await turn();
    const [message] = workers[0]!.messages;
    const version = message?.kind === 'apply' ? message.version : null;
    outbox.acknowledged(workers[0]!, version!);
    await turn();
    expect(isResolved).to.equal(false);
    outbox.gone(workers[1]!);
    await applied;
  });

  it('settles when a lone worker has acknowledged, in one message with the changes', async () => {
    let isSettled = false;
    await outbox.apply([throttle('a')]);
    const settled = outbox.settled().then(() => {
      isSettled = true;
    });
    await turn();
    expect(isSettled).to.equal(false);
    const [message] = workers[0]!.messages;
    expect(workers[0]!.taken()).to.deep.equal(['apply']);
    outbox.acknowledged(workers[0]!, message?.kind === 'apply' ? message.version! : 0);
    await settled;
  });

  it('asks for an acknowledgement of changes that were sent without one, once', async () => {
    await outbox.apply([throttle('a')]);
    await turn();
    const settled = [outbox.settled(), outbox.settled()];
    expect(workers[0]!.taken()).to.deep.equal(['apply', 'apply']);
    outbox.gone(workers[0]!);
    await Promise.all(settled);
    await outbox.settled();
    expect(workers[0]!.taken()).to.deep.equal([]);
  });

  it('sends long responses in several turns of the event loop', async () => {
    const long = 200 * 1024;
    for (const [id, length] of [1, long, long, long * 5, 1, 1].entries()) {
      outbox.respond(workers[0]!, id, response(length));
    }
    const turns: string[][] = [];
    for (let count = 0; count < 4; count++) {
      await turn();
      turns.push(workers[0]!.taken());
    }
    expect(turns).to.deep.equal([
      ['responses 0 1'],
      ['responses 2'],
      ['responses 3'],
      ['responses 4 5'],
    ]);
    await turn();
    expect(workers[0]!.taken()).to.deep.equal([]);
  });

  it('drops the responses to a worker that is gone', async () => {
    outbox.respond(workers[0]!, 1, response(1));
    outbox.gone(workers[0]!);
    await turn();
    expect(workers[0]!.taken()).to.deep.equal([]);
  });
});
