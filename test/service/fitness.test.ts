/** When a leader asks whether another node would do its work better, and which one that is. */
import { expect } from 'chai';
import { ASKED_STORES_MAX } from '../../src/contracts/consensus.js';
import type { StoreReach } from '../../src/contracts/reports.js';
import {
  betterNode,
  Fitness,
  type FitnessQuestion,
  failureText,
  LOOK_INTERVAL_MS,
  reachesNothing,
} from '../../src/service/fitness.js';

type Reaches = Record<string, StoreReach>;

/** A leader that looks at its work at the usual interval. */
class Looker {
  readonly fitness = new Fitness();
  nowMs = 0;

  /** Looks until a question is due, but no longer than 20 minutes; returns its time. */
  lookUntilAsked(reaches: Reaches): number {
    for (let looks = 0; looks < 2_400; looks++) {
      const [question] = this.look(LOOK_INTERVAL_MS / 1_000, reaches);
      if (question !== undefined) return question[0];
    }
    return Number.NaN;
  }

  /** Looks for so long; returns the time of each question and the question. */
  look(seconds: number, reaches: Reaches): Array<readonly [number, FitnessQuestion]> {
    const questions: Array<readonly [number, FitnessQuestion]> = [];
    const untilMs = this.nowMs + seconds * 1_000;
    while (this.nowMs < untilMs) {
      this.nowMs += LOOK_INTERVAL_MS;
      const question = this.fitness.look(new Map(Object.entries(reaches)), this.nowMs);
      if (question !== null) questions.push([this.nowMs, question]);
    }
    return questions;
  }
}

describe('the fitness of a leader', () => {
  let looker: Looker;

  beforeEach(() => {
    looker = new Looker();
  });

  it('is in no question while each store is reached, or fails for less than 2 s', () => {
    expect(looker.look(60, { a: 'reached', b: 'reached' })).to.deep.equal([]);
    expect(looker.look(1.5, { a: 'cutOff', b: 'reached' })).to.deep.equal([]);
    expect(looker.look(0.5, { a: 'reached', b: 'silent' })).to.deep.equal([]);
    expect(looker.look(1.5, { a: 'silent', b: 'reached' })).to.deep.equal([]);
    expect(looker.fitness.failing).to.deep.equal([]);
  });

  for (const reach of ['cutOff', 'silent', 'unlisted'] as const) {
    it(`is in question when a store is ${reach} for 2 s`, () => {
      const [first] = looker.look(2, { a: 'reached', b: reach });
      expect(first).to.deep.equal([2_000, { failing: ['b'], asked: ['b', 'a'] }]);
      expect(looker.fitness.failing).to.deep.equal(['b']);
    });
  }

  it('starts again with each leadership', () => {
    looker.look(1.5, { a: 'cutOff' });
    looker.fitness.rest();
    expect(looker.look(1.5, { a: 'cutOff' })).to.deep.equal([]);
  });

  it('is asked about again after pauses that grow up to 5 minutes', () => {
    const atSeconds = looker.look(3_600, { a: 'cutOff' }).map(([atMs]) => atMs / 1_000);
    const pauses = atSeconds.slice(1).map((at, index) => at - atSeconds[index]!);
    expect(pauses[0]).to.be.within(4, 5.5);
    expect(pauses[1]).to.be.within(8.5, 10.5);
    expect(Math.max(...pauses)).to.be.within(270, 300.5);
    expect(atSeconds.length).to.be.below(25);
  });

  it('is asked about soon when a further store fails', () => {
    looker.look(1_000, { a: 'cutOff', b: 'reached' });
    const [[, question] = []] = looker.look(2, { a: 'cutOff', b: 'cutOff' });
    expect(question?.failing).to.deep.equal(['a', 'b']);
  });

  it('waits longer after each hand-over, whatever fails', () => {
    let lastMs = 0;
    const waits: number[] = [];
    for (let handover = 0; handover < 9; handover++) {
      const atMs = looker.lookUntilAsked({ [`s${handover % 2}`]: 'cutOff' });
      waits.push((atMs - lastMs) / 1_000);
      lastMs = atMs;
      looker.fitness.handsOver(atMs);
      looker.fitness.rest();
    }
    expect(waits[0]).to.equal(2);
    expect(waits[1]).to.be.within(9, 10.5);
    expect(waits[2]).to.be.within(18, 20.5);
    expect(waits[8]).to.be.within(540, 600.5);
  });

  it('asks about a bounded number of stores, among them some that are reached', () => {
    const failing = Array.from({ length: 100 }, (_, index) => [`f${index}`, 'cutOff'] as const);
    const reached = Array.from({ length: 100 }, (_, index) => [`r${index}`, 'reached'] as const);
    const [[, question] = []] = looker.look(2, Object.fromEntries([...reached, ...failing]));
    expect(question?.failing).to.have.length(100);
    expect(question?.asked).to.have.length(ASKED_STORES_MAX);
    expect(question?.asked.filter((store) => store.startsWith('r'))).to.have.length(5);
  });
});

describe('a node that does better', () => {
  const reaches = new Map<string, StoreReach>([
    ['a', 'cutOff'],
    ['b', 'reached'],
    ['c', 'silent'],
  ]);
  const asked = ['a', 'c', 'b'];

  it('reaches more of the stores asked about than the leader, and the most', () => {
    const answers = new Map([
      ['n2', ['a', 'b']],
      ['n3', ['a', 'b', 'c']],
    ]);
    expect(betterNode(asked, reaches, answers)).to.equal('n3');
  });

  it('is none that reaches others instead, as many, or stores that were not asked about', () => {
    expect(betterNode(asked, reaches, new Map([['n2', ['a']]]))).to.equal(null);
    expect(betterNode(asked, reaches, new Map([['n2', ['b', 'x', 'y']]]))).to.equal(null);
    expect(betterNode(asked, reaches, new Map())).to.equal(null);
  });

  it('is none when the leader has recovered meanwhile', () => {
    const now = new Map(asked.map((store) => [store, 'reached'] as const));
    expect(betterNode(asked, now, new Map([['n2', asked]]))).to.equal(null);
  });

  it('is taken for granted without answers only if the leader reaches nothing', () => {
    expect(reachesNothing(reaches, ['a', 'c'])).to.equal(false);
    expect(reachesNothing(new Map([['a', 'cutOff']]), ['a'])).to.equal(true);
    expect(reachesNothing(new Map(), [])).to.equal(false);
  });
});

describe('why a leader cannot do its work', () => {
  it('is said for each kind of failure with a few names', () => {
    const reaches = new Map<string, StoreReach>([
      ['a', 'silent'],
      ...['b', 'c', 'd', 'e', 'f'].map((name) => [name, 'cutOff'] as const),
      ['g', 'unlisted'],
    ]);
    expect(failureText([...reaches.keys()], reaches)).to.equal(
      'the probe thread does not respond that reads mysql/a; ' +
        'this node cannot log in to any host of mysql/b, mysql/c, mysql/d and 2 more; ' +
        'this node cannot read the list of hosts of mysql/g',
    );
  });
});
