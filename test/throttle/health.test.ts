/** When a metric was last healthy, as peers see it. */
import { expect } from 'chai';
import { emptyLeadershipReading, emptyStoreReading } from '../../src/board/board.js';
import { lastHealthyAtMs } from '../../src/throttle/health.js';

const leadership = { ...emptyLeadershipReading(), leading: true, term: 3, promotedAtMs: 1_000 };
const healthy = {
  ...emptyStoreReading(),
  currentGeneration: 7,
  generation: 7,
  term: 3,
  lastHealthyMs: 5_000,
  sinceMs: 0,
};

describe('the last time at which a metric was healthy', () => {
  it('is the last healthy time under this leadership', () => {
    expect(lastHealthyAtMs(healthy, leadership)).to.equal(5_000);
  });

  it('is the promotion if the metric was not healthy in this term, or as another store', () => {
    for (const changes of [{ lastHealthyMs: 0 }, { term: 2 }, { currentGeneration: 8 }]) {
      expect(
        lastHealthyAtMs({ ...healthy, ...changes }, leadership),
        JSON.stringify(changes),
      ).to.equal(1_000);
    }
  });
});
