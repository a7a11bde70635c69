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

  it('joins the chunks of a response', async () => {
    const calls = new StatisticsCalls();
    const collected = [1, 3].map((first) =>
      calls.collect((id) => {
        calls.received(id, chunk(first), false);
        calls.received(id, chunk(first + 1), true);
      }),
    );
    expect(await Promise.all(collected.map(totals))).to.deep.equal([
      [1, 2],
      [3, 4],
    ]);
  });

  it('resolves with null when the worker has ended', async () => {
    const calls = new StatisticsCalls();
    const collected = calls.collect(() => {});
    calls.gone();
    expect(await collected).to.equal(null);
  });

  it('resolves with null when the last chunk does not arrive in time', async () => {
    const calls = new StatisticsCalls(20);
    expect(await calls.collect((id) => calls.received(id, chunk(9), false))).to.equal(null);
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
