/** The cluster under simulated storms; and the bugs that the simulation has to find. */
import { expect } from 'chai';
import { defaultLimits } from '../../../src/consensus/raft/core/config.js';
import { mutants } from './simulation/mutants.js';
import { SLOW_DISKS, scenarios } from './simulation/scenarios.js';
import { type SimulationOutcome, simulate } from './simulation/simulation.js';

const FIXED_SEEDS = 60;
const FRESH_MS = 6_000;
/** Each mutant is found within so many seeds. */
const MUTANT_SEEDS = 600;
const SOUND_SEEDS = 10;
const SCENARIO_SEEDS = 6;

function explain({ seed, violation }: SimulationOutcome): string {
  const what = `${violation?.invariant}: ${violation?.detail}`;
  return `${what}\nIts trace: npm run simulate -- --seed ${seed}`;
}

function expectSound(outcome: SimulationOutcome): SimulationOutcome {
  if (outcome.violation !== null) expect.fail(explain(outcome));
  return outcome;
}

describe('raft simulation', () => {
  it('holds every invariant and converges, on fixed seeds', () => {
    for (let seed = 1; seed <= FIXED_SEEDS; seed++) expectSound(simulate({ seed }));
  });

  it('holds every invariant and converges, on fresh seeds', () => {
    const endMs = performance.now() + FRESH_MS;
    for (let seed = Date.now() % 2 ** 32; performance.now() < endMs; seed++)
      expectSound(simulate({ seed }));
  });

  it('elects leaders and acknowledges commands in clusters of 1, 3 and 5 nodes', () => {
    const outcomes = Array.from({ length: 30 }, (_, at) => expectSound(simulate({ seed: at + 1 })));
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

  for (const mutant of mutants) {
    it(`finds a node that ${mutant.name}`, () => {
      for (let seed = 1; seed <= MUTANT_SEEDS; seed++) {
        if (simulate({ seed, mutant }).violation !== null) return;
      }
      expect.fail(`not found in ${MUTANT_SEEDS} seeds`);
    });
  }

  for (const { name, faults } of mutants) {
    if (faults === undefined) continue;
    it(`finds no fault in a sound node where it finds one that ${name}`, () => {
      for (let seed = 1; seed <= SOUND_SEEDS; seed++) expectSound(simulate({ seed, faults }));
    });
  }

  for (const { name, faults, bounds } of scenarios) {
    it(`has a leader again in time when ${name}`, () => {
      for (let seed = 1; seed <= SCENARIO_SEEDS; seed++) {
        expectSound(simulate({ seed, faults, bounds }));
      }
    });
  }

  it('finds that elections on slow disks need longer and longer time-outs', () => {
    const { faults, bounds } = scenarios.find(({ name }) => name === SLOW_DISKS)!;
    const limits = { ...defaultLimits, maxElectionBackoff: 1 };
    for (let seed = 1; seed <= MUTANT_SEEDS; seed++) {
      if (simulate({ seed, faults: { ...faults, limits }, bounds }).violation !== null) return;
    }
    expect.fail(`not found in ${MUTANT_SEEDS} seeds`);
  });
});
