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

describe('Acknowledgements', () => {
  const ignore = (): void => {};

  it('completes a change when every worker has acknowledged it', async () => {
    const acknowledgements = new Acknowledgements<string>();
    const versions: number[] = [];
    const change = acknowledgements.expect(['a', 'b'], (version) => versions.push(version));
    acknowledgements.acknowledged('a', versions[0]!);
    expect(await isSettled(change)).to.equal(false);
    acknowledgements.acknowledged('b', versions[0]!);
    expect(await isSettled(change)).to.equal(true);
  });

  it('completes a change when the missing worker is gone', async () => {
    const acknowledgements = new Acknowledgements<string>();
    const changes = [1, 2].map(() => acknowledgements.expect(['a', 'b'], ignore));
    acknowledgements.acknowledged('a', 2);
    acknowledgements.gone('b');
    expect(await Promise.all(changes.map(isSettled))).to.deep.equal([true, true]);
  });

  it('completes a change at once when there are no workers', async () => {
    const acknowledgements = new Acknowledgements<string>();
    expect(await isSettled(acknowledgements.expect([], ignore))).to.equal(true);
  });

  it('takes the acknowledgement of a later change for the earlier ones', async () => {
    const acknowledgements = new Acknowledgements<string>();
    const changes = [1, 2, 3].map(() => acknowledgements.expect(['a'], ignore));
    acknowledgements.acknowledged('a', 2);
    expect(await Promise.all(changes.map(isSettled))).to.deep.equal([true, true, false]);
  });

  it('is settled when every change so far is done', async () => {
    const acknowledgements = new Acknowledgements<string>();
    expect(await isSettled(acknowledgements.settled())).to.equal(true);
    acknowledgements.expect(['a'], ignore);
    acknowledgements.expect(['a'], ignore);
    const settled = acknowledgements.settled();
    acknowledgements.acknowledged('a', 1);
    expect(await isSettled(settled)).to.equal(false);
    acknowledgements.acknowledged('a', 2);
    expect(await isSettled(settled)).to.equal(true);
  });

  it('does not wait for a worker that started after the change', async () => {
    const acknowledgements = new Acknowledgements<string>();
    const first = acknowledgements.expect(['a'], ignore);
    const second = acknowledgements.expect(['a', 'new'], ignore);
    acknowledgements.acknowledged('a', 2);
    expect(await isSettled(first)).to.equal(true);
    expect(await isSettled(second)).to.equal(false);
  });
});
