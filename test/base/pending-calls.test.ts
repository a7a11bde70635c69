/** Calls over a message channel: every one settles, and their number is bounded. */
import { expect } from 'chai';
import { PendingCalls } from '../../src/base/pending-calls.js';

describe('PendingCalls', () => {
  /** Starts a call and returns its number with its outcome. */
  function start(
    calls: PendingCalls<string>,
    timeoutMs: number,
  ): { id: number; outcome: Promise<string | null> } {
    let sentId = -1;
    const outcome = calls.call(timeoutMs, (id) => {
      sentId = id;
    });
    return { id: sentId, outcome };
  }

  it('gives each call the response of its own number, in any order', async () => {
    const calls = new PendingCalls<string>(9);
    const [first, second] = [start(calls, 10_000), start(calls, 10_000)];
    calls.settle(second.id, 'second');
    calls.settle(first.id, 'first');
    expect(await Promise.all([first.outcome, second.outcome])).to.deep.equal(['first', 'second']);
  });

  it('settles a call with null after its time-out and drops the late response', async () => {
    const calls = new PendingCalls<string>(9);
    const { id, outcome } = start(calls, 10);
    expect(await outcome).to.equal(null);
    calls.settle(id, 'late');
    expect(calls.isFull).to.equal(false);
  });

  it('times a short call out before a longer one that started earlier', async () => {
    const calls = new PendingCalls<string>(9);
    const long = start(calls, 10_000);
    expect(await start(calls, 10).outcome).to.equal(null);
    expect(await start(calls, 10).outcome).to.equal(null);
    calls.settle(long.id, 'long');
    expect(await long.outcome).to.equal('long');
  });

  it('sends nothing and settles with null when too many calls are in flight', async () => {
    const calls = new PendingCalls<string>(1);
    const { outcome } = start(calls, 10_000);
    expect(calls.isFull).to.equal(true);
    const refused = start(calls, 10_000);
    expect(refused.id).to.equal(-1);
    expect(await refused.outcome).to.equal(null);
    calls.abandonAll();
    expect(await outcome).to.equal(null);
  });

  it('settles all calls with the given outcome when they are abandoned', async () => {
    const calls = new PendingCalls<string>(9);
    const outcomes = [1, 2].map(() => start(calls, 10_000).outcome);
    calls.abandonAll('gone');
    expect(await Promise.all(outcomes)).to.deep.equal(['gone', 'gone']);
  });
});
