/** Intervals of equal length that share a timer. */
import { expect } from 'chai';
import { sharedInterval } from '../../src/base/shared-interval.js';
import { until } from '../support/until.js';

describe('a shared interval', () => {
  const cancels: Array<() => void> = [];
  let keepAlive: NodeJS.Timeout;

  beforeEach(() => {
    keepAlive = setInterval(() => {}, 1_000);
  });

  afterEach(() => {
    clearInterval(keepAlive);
    for (const cancel of cancels.splice(0)) cancel();
  });

  it('calls all back in the same turn', async () => {
    const turns: string[] = [];
    const note = (name: string) => () => {
      turns.push(name);
      setImmediate(() => turns.push('next turn'));
    };
    cancels.push(sharedInterval(20, note('a')));
    await new Promise((resolve) => setTimeout(resolve, 5));
    cancels.push(sharedInterval(20, note('b')));
    await until(() => turns.length >= 4);
    expect(turns.slice(0, 3)).to.deep.equal(['a', 'b', 'next turn']);
  });

  it('goes on for the others when one is cancelled, also twice', async () => {
    let calls = 0;
    const stop = sharedInterval(5, () => expect.fail('it was cancelled'));
    cancels.push(sharedInterval(5, () => calls++));
    stop();
    stop();
    await until(() => calls >= 2);
  });

  it('starts again after all were cancelled', async () => {
    sharedInterval(5, () => {})();
    let calls = 0;
    cancels.push(sharedInterval(5, () => calls++));
    await until(() => calls >= 1);
  });
});
