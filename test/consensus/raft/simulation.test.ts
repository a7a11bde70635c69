/** The cluster under simulated storms; and the bugs that the simulation has to find. */
import { expect } from 'chai';
import { mutants } from './simulation/mutants.js';
import { type SimulationOutcome, simulate } from './simulation/simulation.js';

const FIXED_SEEDS = 150;
const FRESH_MS = 15_000;
/** Each mutant is found within so many seeds. */
const MUTANT_SEEDS = 600;

function explain({ seed, violation }: SimulationOutcome): string {
  return `${violation?.invariant}: ${violation?.detail}\nIts trace: npm run simulate -- --seed ${seed}`;
}

function expectSound(seed: number): SimulationOutcome {
  const outcome = simulate({ seed });
  if (outcome.violation !== null) expect.fail(explain(outcome));
  return outcome;
}

describe('raft simulation', () => {
  it('holds every invariant and converges, on fixed seeds', () => {
    for (let seed = 1; seed <= FIXED_SEEDS; seed++) expectSound(seed);
  });

  it('holds every invariant and converges, on fresh seeds', () => {
    const endMs = performance.now() + FRESH_MS;
    for (let seed = Date.now() % 2 ** 32; performance.now() < endMs; seed++) expectSound(seed);
  });

  it('elects leaders, acknowledges commands and covers clusters of 1, 3 and 5', () => {
    const outcomes = Array.from({ length: 30 }, (_, at) => expectSound(at + 1));
    expect(new Set(outcomes.map(({ nodes }) => nodes))).to.deep.equal(new Set([1, 3, 5]));
    for (const { elections, acknowledged } of outcomes) {
      expect(elections).to.be.greaterThan(0);
      expect(acknowledged).to.be.greaterThan(0);
    }
  });

  it('replays a seed identically, with its trace or without', () => {
    for (const seed of [2, 3, 4]) {
      const first = simulate({ seed });
      const second = simulate({ seed, trace: true });
      expect(second.digest).to.equal(first.digest);
      expect(second.trace).not.to.deep.equal([]);
      expect(simulate({ seed: seed + 1_000 }).digest).not.to.equal(first.digest);
    }
  });

  describe('finds a node that', () => {
    for (const mutant of mutants) {
      it(mutant.name, () => {
        for (let seed = 1; seed <= MUTANT_SEEDS; seed++) {
          if (simulate({ seed, mutant }).violation !== null) return;
        }
        expect.fail(`not found in ${MUTANT_SEEDS} seeds`);
      });
    }
  });

  describe('in the faults that brings a mutant out finds nothing wrong with', () => {
    for (const { name, faults } of mutants) {
      if (faults === undefined) continue;
      it(`a node that is not one that ${name}`, () => {
        for (let seed = 1; seed <= 20; seed++) {
          const outcome = simulate({ seed, mutant: { name: 'none', faults } });
          if (outcome.violation !== null) expect.fail(explain(outcome));
        }
      });
    }
  });
});
