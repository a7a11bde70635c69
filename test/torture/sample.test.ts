/** A short sample of `npm run torture`. */
import { expect } from 'chai';
import { skipUnless } from '../support/skip.js';
import { canFaultDisks, NEEDS_COMPILER } from './disk-faults.js';
import { torture } from './torture.js';

const STORM_MS = 6_000;

describe('three real nodes under a storm of faults', () => {
  before(function () {
    skipUnless(this, canFaultDisks(), NEEDS_COMPILER);
  });

  it('lose no acknowledged write, never lead twice, and let no throttled app pass', async () => {
    const seed = Date.now() % 1_000_000;
    const { counts, violations, directory } = await torture({
      nodes: 3,
      seed,
      durationMs: STORM_MS,
      stormMs: STORM_MS,
      onSmallDisks: process.getuid?.() === 0,
    });
    const again = `npm run torture -- --nodes 3 --seed ${seed} (logs: ${directory})`;
    expect(violations.details.join('\n'), again).to.equal('');
    expect(counts.acknowledged, `acknowledged writes, ${again}`).to.be.greaterThan(0);
    expect(counts.checks, `checks, ${again}`).to.be.greaterThan(0);
  });
});
