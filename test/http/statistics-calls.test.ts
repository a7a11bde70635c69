/** Requests to one HTTP worker for its statistics, whose responses come in chunks. */
import { expect } from 'chai';
import type { HttpStatistics } from '../../src/contracts/http.js';
import { StatisticsCalls } from '../../src/http/main/statistics-calls.js';
import { checkCount, checksOf, httpStatistics } from '../support/statistics.js';

describe('StatisticsCalls', () => {
  const chunk = (ok: number): HttpStatistics =>
    httpStatistics({ checks: [checkCount('a', 's', { ok })] });

  const totals = async (collected: Promise<HttpStatistics | null>): Promise<number[] | undefined> =>
    (await collected)?.checks.map(checksOf);

  it('joins the chunks of a response, each asked for when the one before is there', async () => {
    const calls = new StatisticsCalls();
    const asked: Array<[id: number, collection: number]> = [];
    const collected = [1, 2].map(() =>
      calls.collect((id, collection) => asked.push([id, collection])),
    );
    expect(asked.map(([, collection]) => collection)).to.deep.equal([1, 2]);
    calls.received(asked[0]![0], chunk(1), false);
    calls.received(asked[1]![0], chunk(3), true);
    await collected[1];
    expect(asked.map(([, collection]) => collection)).to.deep.equal([1, 2, 1]);
    calls.received(asked[2]![0], chunk(2), true);
    expect(await Promise.all(collected.map(totals))).to.deep.equal([[1, 2], [3]]);
  });

  it('resolves with null when the worker has ended', async () => {
    const calls = new StatisticsCalls();
    const collected = calls.collect(() => {});
    calls.gone();
    expect(await collected).to.equal(null);
  });

  it('resolves with null when a later chunk does not arrive in time', async () => {
    const calls = new StatisticsCalls(20);
    let chunks = 0;
    const collected = calls.collect((id) => {
      if (++chunks === 1) setImmediate(() => calls.received(id, chunk(9), false));
    });
    expect(await collected).to.equal(null);
    expect(chunks).to.equal(2);
  });

  it('drops a chunk that arrives after the time-out', async () => {
    const calls = new StatisticsCalls(20);
    let sentId = -1;
    const collected = calls.collect((id) => {
      sentId = id;
    });
    expect(await collected).to.equal(null);
    calls.received(sentId, chunk(1), true);
    expect(await totals(calls.collect((id) => calls.received(id, chunk(2), true)))).to.deep.equal([
      2,
    ]);
  });
});
