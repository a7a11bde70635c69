/** The pauses between attempts: growing, bounded, with jitter. */
import { expect } from 'chai';
import { Backoff } from '../../src/base/backoff.js';

describe('Backoff', () => {
  function pauses(backoff: Backoff, count: number): number[] {
    return Array.from({ length: count }, () => backoff.failed());
  }

  it('doubles the pause with each failure in a row, up to its bound', () => {
    const backoff = new Backoff({ firstMs: 100, maxMs: 500, jitter: 0 });
    expect(pauses(backoff, 5)).to.deep.equal([100, 200, 400, 500, 500]);
    expect(backoff.failures).to.equal(5);
  });

  it('starts again with the first pause after a success', () => {
    const backoff = new Backoff({ firstMs: 100, maxMs: 500, jitter: 0 });
    pauses(backoff, 3);
    backoff.succeeded();
    expect(pauses(backoff, 2)).to.deep.equal([100, 200]);
  });

  it('bounds a pause by the limit of its failure, which counts like any other', () => {
    const backoff = new Backoff({ firstMs: 100, maxMs: 500, jitter: 0 });
    expect([backoff.failed(150), backoff.failed(150), backoff.failed()]).to.deep.equal([
      100, 150, 400,
    ]);
    expect(backoff.failed(10_000)).to.equal(500);
  });

  it('has no pause for the free failures', () => {
    const backoff = new Backoff({ firstMs: 100, maxMs: 500, jitter: 0, freeFailures: 2 });
    expect(pauses(backoff, 4)).to.deep.equal([0, 0, 100, 200]);
  });

  it('randomises the given share of a pause', () => {
    const draws = [0, 0.5, 0.999];
    const random = (): number => draws.shift()!;
    const backoff = new Backoff({ firstMs: 100, maxMs: 100, jitter: 0.5, random });
    expect(pauses(backoff, 3)).to.deep.equal([100, 75, 50.05]);
  });

  it('has a finite pause after many failures', () => {
    const backoff = new Backoff({ firstMs: 1, maxMs: 1_000, jitter: 0 });
    expect(pauses(backoff, 2_000).at(-1)).to.equal(1_000);
  });

  it('refuses a bound below the first pause and a jitter outside of 0 to 1', () => {
    expect(() => new Backoff({ firstMs: 2, maxMs: 1, jitter: 0 })).to.throw(RangeError);
    expect(() => new Backoff({ firstMs: 1, maxMs: 1, jitter: 1.5 })).to.throw(RangeError);
  });
});
