/**
 * What main sends its HTTP workers: in which order, acknowledged by whom, and not too much at a
 * time.
 */
import { expect } from 'chai';
import type { ToHttp } from '../../src/contracts/http.js';
import { type Recipient, WorkerOutbox } from '../../src/http/main/outbox.js';
import { throttle } from '../support/http-pool.js';

class Mailbox implements Recipient {
  readonly messages: ToHttp[] = [];

  post(message: ToHttp): void {
    this.messages.push(message);
  }

  /** What has come since the last look: kinds of messages, with the numbers of the answers. */
  taken(): string[] {
    return this.messages.splice(0).map((message) => {
      if (message.kind !== 'answers') return message.kind;
      return `answers ${message.answers.map(([id]) => id).join(' ')}`;
    });
  }
}

const turn = (): Promise<void> => new Promise(setImmediate);

describe('what main sends its HTTP workers', () => {
  let workers: Mailbox[];
  let outbox: WorkerOutbox<Mailbox>;

  beforeEach(() => {
    workers = [new Mailbox()];
    outbox = new WorkerOutbox(() => workers);
  });

  const answer = (length: number) => ({ status: 200, json: 'x'.repeat(length) });

  it('goes together once per turn, changes before answers', async () => {
    outbox.answer(workers[0]!, 1, answer(1));
    void outbox.apply([throttle('a')]);
    outbox.answer(workers[0]!, 2, answer(1));
    void outbox.apply([throttle('b')]);
    expect(workers[0]!.taken()).to.deep.equal([]);
    await turn();
    expect(workers[0]!.taken()).to.deep.equal(['apply', 'answers 1 2']);
  });

  it('waits for acknowledgements where one worker may be asked before another has heard', async () => {
    workers.push(new Mailbox());
    let isTold = false;
    const told = outbox.apply([throttle('a')]).then(() => {
      isTold = true;
    });
    await turn();
    const [message] = workers[0]!.messages;
    const version = message?.kind === 'apply' ? message.version : null;
    outbox.acknowledged(workers[0]!, version!);
    await turn();
    expect(isTold).to.equal(false);
    outbox.gone(workers[1]!);
    await told;
  });

  it('goes in several turns where it is long, so that nothing waits for it', async () => {
    const long = 200 * 1024;
    for (const [id, length] of [1, long, long, long * 5, 1, 1].entries()) {
      outbox.answer(workers[0]!, id, answer(length));
    }
    const turns: string[][] = [];
    for (let count = 0; count < 4; count++) {
      await turn();
      turns.push(workers[0]!.taken());
    }
    expect(turns).to.deep.equal([['answers 0 1'], ['answers 2'], ['answers 3'], ['answers 4 5']]);
    await turn();
    expect(workers[0]!.taken()).to.deep.equal([]);
  });

  it('forgets the answers to a worker that is gone', async () => {
    outbox.answer(workers[0]!, 1, answer(1));
    outbox.gone(workers[0]!);
    await turn();
    expect(workers[0]!.taken()).to.deep.equal([]);
  });
});
