/** Changes that threads acknowledge. */
import { expect } from 'chai';
import { Acknowledgements } from '../../src/base/acknowledgements.js';

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
