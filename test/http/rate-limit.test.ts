/** The bound on what each caller may send in a minute. */
import { expect } from 'chai';
import { RateLimit } from '../../src/http/worker/access/rate-limit.js';

describe('a rate limit', () => {
  it('counts each caller by itself, and says when it may go on', () => {
    const limit = new RateLimit(2);
    expect(limit.take('a', 1_000)).to.equal(0);
    expect(limit.take('a', 1_000)).to.equal(0);
    expect(limit.take('a', 21_000)).to.equal(40);
    expect(limit.take('b', 21_000)).to.equal(0);
    expect(limit.take('a', 61_000)).to.equal(0);
  });

  it('lets callers beyond a number share a count', () => {
    const limit = new RateLimit(2);
    for (let caller = 0; caller < 10_000; caller++) limit.take(`known ${caller}`, 0);
    expect(limit.take('new 1', 0)).to.equal(0);
    expect(limit.take('new 2', 0)).to.equal(0);
    expect(limit.take('new 3', 0)).to.equal(60);
    expect(limit.take('known 1', 0)).to.equal(0);
  });
});
