/** The replicated state: the effect of each command, and equal states from equal logs. */
import { expect } from 'chai';
import { type Command, NO_EXPIRY } from '../../src/throttle/commands.js';
import { ThrottleState } from '../../src/throttle/state.js';
import { SeededRandom } from '../support/random.js';

const T = 1_800_000_000_000;
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

function throttle(
  key: string,
  rest: { expireAtMs?: number; ratio?: number } = {},
  atMs = T,
): Command {
  return { kind: 'throttleApp', atMs, key, ...rest };
}

function unthrottle(key: string, everyStore: boolean, atMs = T): Command {
  return { kind: 'unthrottleApp', atMs, key, everyStore };
}

function skip(host: string, expireAtMs: number, atMs = T): Command {
  return { kind: 'skipHost', atMs, host, expireAtMs };
}

describe('the replicated state', () => {
  let state: ThrottleState;

  beforeEach(() => {
    state = new ThrottleState();
  });

  describe('throttling', () => {
    // What the entry has before, what the command says, what the entry has then; times from the
    // command's on.
    const none = undefined;
    const cases = [
      { had: none, says: {}, has: { expireAtMs: T + 60 * MINUTE, ratio: 1 } },
      { had: none, says: { ratio: 0.5 }, has: { expireAtMs: T + 60 * MINUTE, ratio: 0.5 } },
      { had: none, says: { ratio: 0 }, has: { expireAtMs: T + 60 * MINUTE, ratio: 0 } },
      { had: none, says: { expireAtMs: T + 5 }, has: { expireAtMs: T + 5, ratio: 1 } },
      { had: none, says: { expireAtMs: NO_EXPIRY }, has: { expireAtMs: NO_EXPIRY, ratio: 1 } },
      {
        had: none,
        says: { expireAtMs: T + 5, ratio: 0.5 },
        has: { expireAtMs: T + 5, ratio: 0.5 },
      },
      { had: { expireAtMs: T + 9, ratio: 0.2 }, says: {}, has: { expireAtMs: T + 9, ratio: 0.2 } },
      {
        had: { expireAtMs: T + 9, ratio: 0.2 },
        says: { ratio: 0 },
        has: { expireAtMs: T + 9, ratio: 0 },
      },
      {
        had: { expireAtMs: T + 9, ratio: 0.2 },
        says: { expireAtMs: T + 5 },
        has: { expireAtMs: T + 5, ratio: 0.2 },
      },
      {
        had: { expireAtMs: T + 9, ratio: 0.2 },
        says: { expireAtMs: NO_EXPIRY },
        has: { expireAtMs: NO_EXPIRY, ratio: 0.2 },
      },
      {
        had: { expireAtMs: NO_EXPIRY, ratio: 0.2 },
        says: { ratio: 1 },
        has: { expireAtMs: NO_EXPIRY, ratio: 1 },
      },
      {
        had: { expireAtMs: T, ratio: 0.2 },
        says: { ratio: 0.7 },
        has: { expireAtMs: T + 60 * MINUTE, ratio: 0.7 },
      },
      {
        had: { expireAtMs: T - 1, ratio: 0.2 },
        says: { expireAtMs: T + 5 },
        has: { expireAtMs: T + 5, ratio: 1 },
      },
    ];
    for (const { had, says, has } of cases) {
      it(`merges ${JSON.stringify(says)} with ${JSON.stringify(had)}`, () => {
        if (had !== undefined) state.apply(throttle('a', had, T - 1000));
        expect(state.apply(throttle('a', says))).to.deep.equal({ lifted: 0 });
        expect(state.throttledApp('a', T)).to.deep.equal(has);
      });
    }

    it('keeps the entries of an app and of its stores apart', () => {
      state.apply(throttle('a', { ratio: 0.1 }));
      state.apply(throttle('a/s', { ratio: 0.2 }));
      expect(state.throttledApp('a', T)?.ratio).to.equal(0.1);
      expect(state.throttledApp('a/s', T)?.ratio).to.equal(0.2);
      expect(state.throttledApp('s', T)).to.equal(undefined);
    });
  });

  describe('lifting', () => {
    beforeEach(() => {
      for (const key of ['a', 'a/s1', 'a/s2', 'ab', 'ab/s1', 'b/a']) state.apply(throttle(key));
    });

    const keys = (): string[] => state.throttledApps(T).map(([key]) => key);

    it('unthrottles one entry and keeps the others', () => {
      state.apply(unthrottle('a/s1', false));
      expect(keys()).to.deep.equal(['a', 'a/s2', 'ab', 'ab/s1', 'b/a']);
      state.apply(unthrottle('a', false));
      expect(keys()).to.deep.equal(['a/s2', 'ab', 'ab/s1', 'b/a']);
    });

    it('unthrottles an app on all its stores, but no other app with the same prefix', () => {
      state.apply(unthrottle('a', true));
      expect(keys()).to.deep.equal(['ab', 'ab/s1', 'b/a']);
    });

    it('does nothing when it unthrottles a missing entry', () => {
      expect(state.apply(unthrottle('nosuch', true))).to.deep.equal({ lifted: 0 });
      expect(keys()).to.have.length(6);
    });
  });

  describe('hosts', () => {
    it('skips hosts until their time, in order of their names', () => {
      state.apply(skip('h2', T + 10));
      state.apply(skip('h1', T + 20));
      expect(state.skippedHosts(T + 9)).to.deep.equal([
        ['h1', { expireAtMs: T + 20 }],
        ['h2', { expireAtMs: T + 10 }],
      ]);
      expect(state.skippedHosts(T + 10)).to.deep.equal([['h1', { expireAtMs: T + 20 }]]);
    });

    it('skips a host again, and recovers it', () => {
      state.apply(skip('h', T + 10));
      state.apply(skip('h', T + 5));
      expect(state.skippedHosts(T)).to.deep.equal([['h', { expireAtMs: T + 5 }]]);
      state.apply({ kind: 'recoverHost', atMs: T, host: 'h' });
      state.apply({ kind: 'recoverHost', atMs: T, host: 'h' });
      expect(state.skippedHosts(T)).to.deep.equal([]);
    });

    it('recovers a host with all its ports by its name, and by one port alone', () => {
      const entries = ['h', 'h:1', 'h:2', 'H:3', 'hh:1', 'h.x:1', '2001', '2001::1', '[2001::1]:1'];
      for (const entry of entries) state.apply(skip(entry, T + 10));
      const recover = (host: string): string[] => {
        state.apply({ kind: 'recoverHost', atMs: T, host });
        return state.skippedHosts(T).map(([name]) => name);
      };
      expect(recover('h:1')).to.have.members(entries.filter((entry) => entry !== 'h:1'));
      expect(recover('h')).to.have.members(entries.filter((entry) => !/^h($|:)/i.test(entry)));
      expect(recover('2001')).to.include.members(['2001::1', '[2001::1]:1']);
      expect(recover('2001::1')).to.have.members(['hh:1', 'h.x:1']);
    });

    it('compares hosts without case, and shows them as they were last written', async () => {
      state.apply(skip('DB1', T + 10));
      state.apply(skip('Db1', T + 20));
      expect(state.skippedHosts(T)).to.deep.equal([['Db1', { expireAtMs: T + 20 }]]);
      expect((await state.liveEntries(T)).skippedHosts).to.equal(1);
      const restored = new ThrottleState();
      restored.restore(state.image());
      restored.apply({ kind: 'recoverHost', atMs: T, host: 'dB1' });
      expect(restored.skippedHosts(T)).to.deep.equal([]);
    });
  });

  describe('lists', () => {
    it('lists no expired entry, and every entry without an end', () => {
      state.apply(throttle('b', { expireAtMs: T + 10 }));
      state.apply(throttle('a', { expireAtMs: NO_EXPIRY }));
      expect(state.throttledApps(T + 9).map(([key]) => key)).to.deep.equal(['a', 'b']);
      expect(state.throttledApps(T + 10).map(([key]) => key)).to.deep.equal(['a']);
      expect(state.throttledApp('a', T * 2)).to.not.equal(undefined);
    });

    it('counts no expired entry', async () => {
      state.apply(throttle('a', { expireAtMs: T + 10 }));
      state.apply(throttle('b', { expireAtMs: NO_EXPIRY }));
      state.apply(skip('h', T + 10));
      expect(await state.liveEntries(T + 9)).to.deep.include({ throttledApps: 2, skippedHosts: 1 });
      expect(await state.liveEntries(T + 10)).to.deep.include({
        throttledApps: 1,
        skippedHosts: 0,
      });
    });

    it('reports whether there is any entry', () => {
      expect(state.hasThrottledApps).to.equal(false);
      state.apply(throttle('a'));
      expect(state.hasThrottledApps).to.equal(true);
      state.apply(unthrottle('a', false));
      expect(state.hasThrottledApps).to.equal(false);
    });
  });

  describe('a table without room', () => {
    beforeEach(() => {
      state = new ThrottleState(2);
      state.apply(throttle('a', { expireAtMs: T + 10 }));
      state.apply(throttle('b', { expireAtMs: NO_EXPIRY }));
    });

    it('refuses another entry when full, and changes nothing', () => {
      const before = state.image();
      expect(state.apply(throttle('c'))).to.equal('full');
      expect(state.image().throttledApps).to.deep.equal(before.throttledApps);
    });

    it('changes existing entries when full', () => {
      expect(state.apply(throttle('a', { ratio: 0.5 }))).to.deep.equal({ lifted: 0 });
      expect(state.throttledApp('a', T)?.ratio).to.equal(0.5);
    });

    it('accepts an entry when another has expired by the time of the command', () => {
      expect(state.apply(throttle('c', {}, T + 10))).to.deep.equal({ lifted: 0 });
      expect(state.throttledApps(T + 10).map(([key]) => key)).to.deep.equal(['b', 'c']);
    });

    it('bounds the hosts apart from the apps', () => {
      expect(state.apply(skip('h1', T + 10))).to.deep.equal({ lifted: 0 });
      expect(state.apply(skip('h2', T + 10))).to.deep.equal({ lifted: 0 });
      expect(state.apply(skip('h3', T + 10))).to.equal('full');
      expect(state.apply(skip('h3', T + 20, T + 10))).to.deep.equal({ lifted: 0 });
    });
  });

  describe('as a state machine', () => {
    it('drops entries that expired a day ago, within two days of commands', () => {
      state.apply(throttle('a', { expireAtMs: T + 1 }));
      state.apply(skip('h', T + 1));
      for (let at = T; at <= T + DAY; at += MINUTE) state.apply(throttle('b', {}, at));
      expect(kept()).to.deep.equal(['a', 'b', 'h']);
      for (let at = T + DAY; at <= T + 2 * DAY; at += MINUTE) state.apply(throttle('b', {}, at));
      expect(kept()).to.deep.equal(['b']);
    });

    for (const [jump, aheadMs] of [
      ['an hour', 60 * MINUTE],
      ['a day', DAY],
      ['ten years', 3650 * DAY],
    ] as const) {
      describe(`when a clock is ${jump} ahead for a while`, () => {
        beforeEach(() => {
          state.apply(throttle('a', { expireAtMs: T + 40 * MINUTE, ratio: 0.3 }));
          state.apply(skip('h', T + 40 * MINUTE));
          state.apply(throttle('ahead', {}, T + aheadMs));
          state.apply(throttle('ahead', {}, T + aheadMs + 5 * MINUTE));
        });

        it('drops no live entry', () => {
          state.apply(throttle('b', {}, T + MINUTE));
          expect(state.throttledApp('a', T + MINUTE)?.ratio).to.equal(0.3);
          expect(state.skippedHosts(T + MINUTE)).to.deep.equal([
            ['h', { expireAtMs: T + 40 * MINUTE }],
          ]);
        });

        it('merges with a live entry after the clock is right again', () => {
          state.apply(throttle('a', { ratio: 0.5 }, T + MINUTE));
          const expireAtMs = T + 40 * MINUTE;
          expect(state.throttledApp('a', T + MINUTE)).to.deep.equal({ expireAtMs, ratio: 0.5 });
          state.apply(throttle('a', { expireAtMs: T + 50 * MINUTE }, T + 2 * MINUTE));
          expect(state.throttledApp('a', T + 49 * MINUTE)?.ratio).to.equal(0.5);
        });

        it('keeps a new entry until its expiry', () => {
          state.apply(throttle('new', { expireAtMs: T + 9 * MINUTE }, T + MINUTE));
          state.apply(throttle('b', {}, T + 2 * MINUTE));
          expect(state.throttledApp('new', T + 8 * MINUTE)).to.not.equal(undefined);
          expect(state.throttledApp('new', T + 9 * MINUTE)).to.equal(undefined);
        });

        it('continues to drop expired entries', () => {
          for (let at = T; at <= T + 3 * DAY; at += 60 * MINUTE) state.apply(throttle('b', {}, at));
          expect(kept().filter((name) => name !== 'ahead')).to.deep.equal(['b']);
        });
      });
    }

    function kept(): string[] {
      const { throttledApps, skippedHosts } = state.image();
      return [...throttledApps, ...skippedHosts].map(([name]) => name).sort();
    }

    it('is the same after a restore as after the log, also for later commands', () => {
      const random = new SeededRandom(7);
      const log = Array.from({ length: 2_000 }, (_, index) =>
        anyCommand(random, T + index * 10 * MINUTE),
      );
      const whole = new ThrottleState(8);
      for (const command of log) whole.apply(command);

      for (const cut of [0, 1, 500, 1_000, 1_999, 2_000]) {
        const first = new ThrottleState(8);
        for (const command of log.slice(0, cut)) first.apply(command);
        const restored = new ThrottleState(8);
        restored.apply(throttle('leftover'));
        restored.apply(skip('leftover', T * 2));
        restored.restore(JSON.parse(JSON.stringify(first.image())));
        const outcomes = log.slice(cut).map((command) => restored.apply(command));
        expect(restored.image(), `cut at ${cut}`).to.deep.equal(whole.image());
        expect(outcomes).to.deep.equal(log.slice(cut).map((command) => first.apply(command)));
      }
    });

    it('returns an image that later commands do not change', () => {
      state.apply(throttle('a', { ratio: 0.5 }));
      const image = state.image();
      state.apply(throttle('a', { ratio: 0.7 }));
      state.apply(throttle('b'));
      expect(image.throttledApps).to.deep.equal([
        ['a', { expireAtMs: T + 60 * MINUTE, ratio: 0.5 }],
      ]);
    });
  });
});

function anyCommand(random: SeededRandom, atMs: number): Command {
  const name = `n${random.below(12)}`;
  const key = random.chance(0.3) ? `${name}/s` : name;
  const expireAtMs = random.chance(0.2) ? NO_EXPIRY : atMs + random.below(90_000);
  const jitterMs = random.below(4_000) - 2_000;
  const given = { atMs: atMs + jitterMs, ...(random.chance(0.4) && { reason: `r${atMs}` }) };
  switch (random.below(10)) {
    case 0:
      return throttle(key, { expireAtMs }, atMs + jitterMs);
    case 1:
      return throttle(key, { ratio: random.next() }, atMs + jitterMs);
    case 2:
      return throttle(key, { expireAtMs, ratio: 1 }, atMs + jitterMs);
    case 3:
      return unthrottle(name, random.chance(0.5), atMs + jitterMs);
    case 4:
      return skip(name, atMs + random.below(90_000), atMs + jitterMs);
    case 5:
      return { kind: 'exemptApp', ...given, key, expireAtMs: atMs + random.below(90_000) };
    case 6:
      return { kind: 'unexemptApp', ...given, key: name, everyStore: random.chance(0.5) };
    case 7: {
      const until = atMs + random.below(90_000);
      return { kind: 'setThreshold', ...given, key, value: random.next(), expireAtMs: until };
    }
    case 8:
      return { kind: 'resetThreshold', ...given, key };
    default:
      return { kind: 'recoverHost', ...given, host: name };
  }
}
