/** Batches that a client passes on, each after a yes. */
import { expect } from 'chai';
import { failureOf } from '../support/failure.js';
import { AskedServer, no, yes } from './asked-server.js';

describe('a client that paces batches', () => {
  let server: AskedServer;

  beforeEach(async () => {
    server = await AskedServer.start();
  });

  afterEach(() => server.close());

  it('passes each on after a yes for it', async () => {
    const events: string[] = [];
    server.respond = (request, response) => {
      events.push('check');
      yes(request, response);
    };
    async function* read(): AsyncGenerator<string> {
      yield* ['a', 'b'];
    }
    for await (const batch of server.client().throttle(read())) events.push(batch);
    for await (const batch of server.client().throttle(['c'])) events.push(batch);
    expect(events).to.deep.equal(['check', 'a', 'check', 'b', 'check', 'c']);
  });

  it('closes their source when the loop ends early, or there is no yes', async () => {
    const closed: string[] = [];
    function* read(name: string): Generator<number> {
      try {
        yield* [1, 2, 3];
      } finally {
        closed.push(name);
      }
    }
    server.respond = yes;
    for await (const _ of server.client().throttle(read('break'))) break;
    server.respond = no;
    const throttled = server.client({ maxWaitMs: 20 }).throttle(read('timeout'));
    expect(await failureOf(throttled.next())).to.include({ code: 'WAIT_TIMEOUT' });
    expect(closed).to.deep.equal(['break', 'timeout']);
  });
});
