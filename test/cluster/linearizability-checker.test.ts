/** The linearizability checker itself: known histories, and comparison with exhaustive search. */
import { expect } from 'chai';
import { isLinearizable, type Operation } from '../support/linearizability.js';
import { SeededRandom } from '../support/random.js';

const UNKNOWN = Number.POSITIVE_INFINITY;

function write(value: number, calledAtMs: number, returnedAtMs: number): Operation {
  return { kind: 'write', value, calledAtMs, returnedAtMs };
}

function read(value: number, calledAtMs: number, returnedAtMs: number): Operation {
  return { kind: 'read', value, calledAtMs, returnedAtMs };
}

describe('isLinearizable', () => {
  const verdicts: ReadonlyArray<readonly [string, boolean, Operation[]]> = [
    ['an empty history', true, []],
    ['a read of the initial value', true, [read(0, 1, 2)]],
    ['a read after its write', true, [write(5, 1, 2), read(5, 3, 4)]],
    ['a stale read after a write', false, [write(5, 1, 2), read(0, 3, 4)]],
    ['either value beside a write', true, [write(5, 1, 9), read(0, 2, 3), read(5, 4, 5)]],
    ['the new value, then the old one', false, [write(5, 1, 9), read(5, 2, 3), read(0, 4, 5)]],
    ['a value that was never written', false, [write(5, 1, 2), read(7, 3, 4)]],
    ['a lost write among two', false, [write(1, 1, 2), write(2, 3, 4), read(1, 5, 6)]],
    [
      'two writes at once, read in one order',
      true,
      [write(1, 1, 9), write(2, 1, 9), read(1, 10, 11)],
    ],
    [
      'two reads that see two writes in two orders',
      false,
      [write(1, 1, 2), write(2, 1, 2), read(1, 3, 4), read(2, 5, 6)],
    ],
    [
      'an unknown write that takes effect late',
      true,
      [write(5, 1, UNKNOWN), read(0, 2, 3), read(5, 8, 9)],
    ],
    ['an unknown write that never takes effect', true, [write(5, 1, UNKNOWN), read(0, 8, 9)]],
    [
      'an unknown write that takes effect, and is gone again',
      false,
      [write(5, 1, UNKNOWN), read(5, 2, 3), read(0, 4, 5)],
    ],
  ];

  for (const [what, verdict, history] of verdicts) {
    it(`${verdict ? 'accepts' : 'refuses'} ${what}`, () => {
      expect(isLinearizable(history, 0)).to.equal(verdict);
    });
  }

  it('agrees with an exhaustive search on thousands of small random histories', () => {
    const random = new SeededRandom(17);
    let linearizable = 0;
    const histories = 4000;
    for (let number = 0; number < histories; number++) {
      const history = randomHistory(random);
      const expected = searchFinds(history, 0);
      expect(isLinearizable(history, 0), JSON.stringify(history)).to.equal(expected);
      if (expected) linearizable++;
    }
    expect(linearizable).to.be.within(histories / 10, (9 * histories) / 10);
  });
});

/** Three writes, some with an unknown outcome, and a few reads, at times that often coincide. */
function randomHistory(random: SeededRandom): Operation[] {
  const interval = (): [number, number] => {
    const calledAtMs = random.below(12);
    return [calledAtMs, calledAtMs + 1 + random.below(6)];
  };
  const writes = [1, 2, 3].map((value) => {
    const [calledAtMs, returnedAtMs] = interval();
    return write(value, calledAtMs, random.chance(0.2) ? UNKNOWN : returnedAtMs);
  });
  const reads = Array.from({ length: 1 + random.below(3) }, () =>
    read(random.below(4), ...interval()),
  );
  return [...writes, ...reads];
}

/**
 * Tries every order that respects which operation returned before another was called (Wing and
 * Gong, 1993).
 */
function searchFinds(open: readonly Operation[], value: number): boolean {
  const firstReturnMs = Math.min(...open.map(({ returnedAtMs }) => returnedAtMs));
  if (firstReturnMs === UNKNOWN) return true;
  return open.some((next) => {
    if (next.calledAtMs > firstReturnMs) return false;
    if (next.kind === 'read' && next.value !== value) return false;
    return searchFinds(
      open.filter((operation) => operation !== next),
      next.kind === 'write' ? next.value : value,
    );
  });
}
