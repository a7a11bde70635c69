import { expect } from 'chai';
import { randomsOf } from './storm.js';

const SEED = 1234;

function drawn(seed: number, storm: number): number[] {
  return randomsOf(seed, storm).map((random) => random.next());
}

describe('the faults of a storm', () => {
  it('are others in each storm, and the same again with the same seed', () => {
    const storms = [0, 1, 2, 3, 4].map((storm) => drawn(SEED, storm));
    expect(new Set(storms.flat()).size, 'no sequence twice').to.equal(10);
    expect([0, 1, 2, 3, 4].map((storm) => drawn(SEED, storm))).to.deep.equal(storms);
    expect(storms.flat()).to.not.include.members(drawn(SEED + 1, 0));
  });
});
