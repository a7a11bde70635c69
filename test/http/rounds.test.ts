/** Who has acknowledged what, and who has answered a collection. */
import { expect } from 'chai';
import { Acknowledgements } from '../../src/http/main/acknowledgements.js';
import { Collections } from '../../src/http/main/collections.js';
import { checkCount, checksOf, httpStatistics } from '../support/statistics.js';

/** Whether the promise has settled, once everything that is due has run. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  void promise.then(() => {
    settled = true;
  });
  await new Promise(setImmediate);
  return settled;
}

describe('a change that workers acknowledge', () => {
  const ignore = (): void => {};

  it('is complete when every worker has acknowledged it', async () => {
    const acknowledgements = new Acknowledgements<string>();
    const versions: number[] = [];
    const change = acknowledgements.expect(['a', 'b'], (version) => versions.push(version));
    acknowledgements.acknowledged('a', versions[0]!);
    expect(await isSettled(change)).to.equal(false);
    acknowledgements.acknowledged('b', versions[0]!);
    expect(await isSettled(change)).to.equal(true);
  });

  it('is complete when who is missing is gone', async () => {
    const acknowledgements = new Acknowledgements<string>();
    const changes = [1, 2].map(() => acknowledgements.expect(['a', 'b'], ignore));
    acknowledgements.acknowledged('a', 2);
    acknowledgements.gone('b');
    expect(await Promise.all(changes.map(isSettled))).to.deep.equal([true, true]);
  });

  it('is complete at once without workers', async () => {
    const acknowledgements = new Acknowledgements<string>();
    expect(await isSettled(acknowledgements.expect([], ignore))).to.equal(true);
  });

  it('is acknowledged with a later one, not with an earlier one', async () => {
    const acknowledgements = new Acknowledgements<string>();
    const changes = [1, 2, 3].map(() => acknowledgements.expect(['a'], ignore));
    acknowledgements.acknowledged('a', 2);
    expect(await Promise.all(changes.map(isSettled))).to.deep.equal([true, true, false]);
  });

  it('does not wait for a worker that came later', async () => {
    const acknowledgements = new Acknowledgements<string>();
    const first = acknowledgements.expect(['a'], ignore);
    const second = acknowledgements.expect(['a', 'new'], ignore);
    acknowledgements.acknowledged('a', 2);
    expect(await isSettled(first)).to.equal(true);
    expect(await isSettled(second)).to.equal(false);
  });
});

describe('a collection', () => {
  const chunk = (ok: number) => httpStatistics({ checks: [checkCount('a', 's', { ok })] });

  const totals = async (collected: ReturnType<Collections<string>['start']>): Promise<number[][]> =>
    (await collected).map(({ checks }) => checks.map(checksOf));

  it('puts the chunks of each worker together', async () => {
    const collections = new Collections<string>();
    const collected = collections.start(['a', 'b'], (worker, id) => {
      collections.received(worker, id, chunk(1), false);
      collections.received(worker, id, chunk(2), true);
    });
    expect(await totals(collected)).to.deep.equal([
      [1, 2],
      [1, 2],
    ]);
  });

  it('leaves out who is gone, and who does not answer in time', async () => {
    const collections = new Collections<string>(20);
    const collected = collections.start(['a', 'gone', 'mute'], (worker, id) => {
      if (worker === 'a') collections.received(worker, id, chunk(1), true);
      if (worker === 'mute') collections.received(worker, id, chunk(9), false);
    });
    collections.gone('gone');
    expect(await totals(collected)).to.deep.equal([[1]]);
  });

  it('drops what comes when it is over', async () => {
    const collections = new Collections<string>(20);
    let asked = -1;
    const collected = collections.start(['a'], (_, id) => {
      asked = id;
    });
    expect(await collected).to.deep.equal([]);
    collections.received('a', asked, chunk(1), true);
    expect(await collected).to.deep.equal([]);
  });
});
